"""Rewritings that keep a term's value: each takes a node and gives another, or None."""
from .term import add, div, mul, neg, num, power, var, variables


def small(r, least=2, most=9):
    return num(r.randint(least, most))


def nodes(t, path=()):
    """All nodes with the way to them."""
    yield path, t
    for i, child in enumerate(t):
        if i and isinstance(child, tuple):
            yield from nodes(child, path + (i,))


def replaced(t, path, new):
    if not path:
        return new
    return t[:path[0]] + (replaced(t[path[0]], path[1:], new),) + t[path[0] + 1:]


def anywhere(t, rewriting, r):
    """The rewriting at a node drawn from those it applies to, or None."""
    places = list(nodes(t))
    r.shuffle(places)
    for path, node in places:
        new = rewriting(node, r)
        if new is not None and new != node:
            return replaced(t, path, new)
    return None


def is_num(t):
    return t[0] == "num"


def whole_num(t):
    return is_num(t) and t[1].denominator == 1


def shuffled_sum(t, r):
    return add(*r.sample(t[1:], len(t) - 1)) if t[0] == "add" else None


def shuffled_product(t, r):
    return mul(*r.sample(t[1:], len(t) - 1)) if t[0] == "mul" else None


def grouped_sum(t, r):
    return add(t[1], add(*t[2:])) if t[0] == "add" and len(t) > 3 else None


def grouped_product(t, r):
    return mul(t[1], mul(*t[2:])) if t[0] == "mul" and len(t) > 3 else None


def split_number(t, r):
    if not whole_num(t) or t[1] < 3:
        return None
    part = r.randint(1, int(t[1]) - 1)
    return add(num(part), num(t[1] - part))


def factored_number(t, r):
    by = [k for k in (2, 3, 5, 7) if whole_num(t) and t[1] > k and t[1] % k == 0]
    return mul(num(k := r.choice(by)), num(t[1] / k)) if by else None


def difference_for_number(t, r):
    return add(num(t[1] + (k := r.randint(1, 9))), num(-k)) if whole_num(t) and t[1] > 0 else None


def quotient_for_number(t, r):
    return div(num(t[1] * (k := r.randint(2, 9))), num(k)) if whole_num(t) and t[1] > 0 else None


def split_coefficient(t, r):
    """3x: x + 2x."""
    if t[0] != "mul" or not whole_num(t[1]) or t[1][1] < 2:
        return None
    rest, k = mul(*t[2:]), r.randint(1, int(t[1][1]) - 1)
    return add(mul(num(k), rest), mul(num(t[1][1] - k), rest))


def distributed(t, r):
    if t[0] != "mul":
        return None
    for i, part in enumerate(t[1:], 1):
        if part[0] == "add":
            rest = t[1:i] + t[i + 1:]
            return add(*(mul(*rest, a) for a in part[1:]))
    return None


def common_factor(t, r):
    """x y + x z: x (y + z)."""
    if t[0] != "add" or any(a[0] != "mul" for a in t[1:]):
        return None
    common = [f for f in t[1][1:] if all(f in a[1:] for a in t[2:])]
    if not common:
        return None

    def without(a):
        left = list(a[1:])
        left.remove(common[0])
        return mul(*left) if left else num(1)
    return mul(common[0], add(*map(without, t[1:])))


def pulled_number(t, r):
    """a + b: k (a/k + b/k)."""
    if t[0] != "add":
        return None
    k = small(r, 2, 5)
    return mul(k, add(*(div(a, k) for a in t[1:])))


def zero_added(t, r):
    k = small(r)
    return add(t, k, neg(k)) if t[0] in ("add", "mul", "var") else None


def variable_added(t, r):
    names = sorted(variables(t))
    return add(t, var(names[0]), neg(var(names[0]))) if names and t[0] in ("add", "mul") else None


def times_one(t, r):
    k = small(r)
    return div(mul(k, t), k) if t[0] in ("add", "mul", "var", "root", "pow") else None


def minus_outside(t, r):
    """a - b: -(b - a)."""
    return neg(add(*(a[1] if a[0] == "neg" else neg(a) for a in t[1:]))) if t[0] == "add" else None


def minus_one_times(t, r):
    return mul(num(-1), t[1]) if t[0] == "neg" else None


def split_fraction(t, r):
    return add(*(div(a, t[2]) for a in t[1][1:])) if t[0] == "div" and t[1][0] == "add" else None


def joined_fractions(t, r):
    if t[0] != "add" or len(t) != 3 or any(a[0] != "div" for a in t[1:]):
        return None
    a, b = t[1:]
    return div(add(mul(a[1], b[2]), mul(b[1], a[2])), mul(a[2], b[2]))


def over_common(t, r):
    """a + b/c: (a c + b)/c."""
    if t[0] != "add" or len(t) != 3:
        return None
    a, b = t[1:] if t[2][0] == "div" else (t[2], t[1])
    return div(add(mul(a, b[2]), b[1]), b[2]) if b[0] == "div" else None


def expanded_fraction(t, r):
    k = small(r)
    return div(mul(k, t[1]), mul(k, t[2])) if t[0] == "div" else None


def expanded_by_variable(t, r):
    names = sorted(variables(t))
    if t[0] != "div" or not names:
        return None
    factor = add(var(names[0]), small(r))
    return div(mul(factor, t[1]), mul(factor, t[2]))


def minus_above(t, r):
    return div(neg(t[1][1]), t[1][2]) if t[0] == "neg" and t[1][0] == "div" else None


def minus_below(t, r):
    return div(t[1][1], neg(t[1][2])) if t[0] == "neg" and t[1][0] == "div" else None


def two_minuses(t, r):
    return div(neg(t[1]), neg(t[2])) if t[0] == "div" else None


def times_inverse(t, r):
    return mul(t[1], power(t[2], -1)) if t[0] == "div" else None


def times_reciprocal(t, r):
    return mul(t[1], div(num(1), t[2])) if t[0] == "div" and t[1] != num(1) else None


def reciprocal_below(t, r):
    return div(num(1), div(t[2], t[1])) if t[0] == "div" and t[1] != num(1) else None


def square_as_product(t, r):
    return mul(t[1], t[1]) if t[0] == "pow" and t[2] == num(2) else None


def split_power(t, r):
    if t[0] != "pow" or not whole_num(t[2]) or t[2][1] < 3:
        return None
    k = r.randint(1, int(t[2][1]) - 1)
    return mul(t[1] if k == 1 else power(t[1], k), power(t[1], t[2][1] - k))


def power_of_power(t, r):
    if t[0] != "pow" or not whole_num(t[2]) or t[2][1] % 2 or t[2][1] < 4:
        return None
    return power(power(t[1], 2), t[2][1] / 2)


def quotient_of_powers(t, r):
    k = r.randint(1, 4)
    return div(power(t[1], t[2][1] + k), power(t[1], k)) if t[0] == "pow" and whole_num(t[2]) and t[2][1] > 0 else None


def below_as_negative_power(t, r):
    if t[0] != "div" or t[1] != num(1):
        return None
    return power(t[2][1], -t[2][2][1]) if t[2][0] == "pow" and is_num(t[2][2]) else power(t[2], -1)


def negative_power_below(t, r):
    return div(num(1), power(t[1], -t[2][1])) if t[0] == "pow" and is_num(t[2]) and t[2][1] < 0 else None


def power_of_product(t, r):
    return mul(*(power(a, t[2]) for a in t[1][1:])) if t[0] == "pow" and t[1][0] == "mul" and is_num(t[2]) else None


def expanded_square(t, r):
    if t[0] != "pow" or t[2] != num(2) or t[1][0] != "add" or len(t[1]) != 3:
        return None
    a, b = t[1][1:]
    return add(power(a, 2), mul(num(2), a, b), power(b, 2))


ALGEBRA = {
    "terms reordered": shuffled_sum, "factors reordered": shuffled_product, "terms grouped": grouped_sum,
    "factors grouped": grouped_product, "number as a sum": split_number, "number as a product": factored_number,
    "number as a difference": difference_for_number, "number as a quotient": quotient_for_number,
    "coefficient split": split_coefficient, "distributed": distributed, "common factor": common_factor,
    "number pulled out": pulled_number, "k - k added": zero_added, "x - x added": variable_added,
    "k / k": times_one, "minus outside": minus_outside, "-1 times": minus_one_times,
}
FRACTIONS = {
    "fraction split": split_fraction, "fractions joined": joined_fractions, "over one denominator": over_common,
    "fraction expanded": expanded_fraction, "expanded by x + k": expanded_by_variable, "minus above": minus_above,
    "minus below": minus_below, "two minuses": two_minuses, "times an inverse": times_inverse,
    "times a reciprocal": times_reciprocal, "one over the reciprocal": reciprocal_below,
}
POWERS = {
    "square as a product": square_as_product, "power split": split_power, "power of a power": power_of_power,
    "quotient of powers": quotient_of_powers, "negative power": below_as_negative_power,
    "negative power below": negative_power_below, "power of a product": power_of_product,
    "square expanded": expanded_square,
}
