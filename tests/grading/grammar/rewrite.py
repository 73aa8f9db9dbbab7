"""Rewritings that keep a term's value: each takes a node and gives another, or None."""
from fractions import Fraction

from .term import E, PI, add, div, fn, mul, neg, num, power, root, var, variables


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


def root_as_power(t, r):
    return power(t[2], Fraction(1, t[1])) if t[0] == "root" else None


def power_as_root(t, r):
    if t[0] != "pow" or not is_num(t[2]) or t[2][1].denominator == 1:
        return None
    up = t[2][1]
    inner = t[1] if up.numerator == 1 else power(t[1], up.numerator)
    return root(inner, up.denominator) if up > 0 else None


def root_with_factor_inside(t, r):
    """k sqrt(n): sqrt(k^2 n)."""
    if t[0] != "mul" or len(t) != 3 or not is_num(t[1]) or t[2][0] != "root" or not is_num(t[2][2]):
        return None
    return root(num(t[1][1] ** t[2][1] * t[2][2][1]), t[2][1]) if t[1][1] > 0 else None


def root_of_product(t, r):
    if t[0] != "root" or not whole_num(t[2]):
        return None
    by = [k for k in (2, 3, 5, 7) if t[2][1] > k and t[2][1] % k == 0]
    return mul(root(num(k := r.choice(by)), t[1]), root(num(t[2][1] / k), t[1])) if by else None


def root_of_larger(t, r):
    """sqrt(n): sqrt(4 n) / 2."""
    k = r.randint(2, 5)
    return div(root(num(t[2][1] * k ** t[1]), t[1]), num(k)) if t[0] == "root" and is_num(t[2]) else None


def root_rationalised(t, r):
    """sqrt(n): n / sqrt(n)."""
    return div(t[2], t) if t[0] == "root" and t[1] == 2 else None


def conjugate_below(t, r):
    """a + b: (a^2 - b^2) / (a - b) for whole numbers and roots."""
    def square(a):
        inner = a[1] if a[0] == "neg" else a
        if is_num(inner):
            return inner[1] ** 2
        if inner[0] == "root" and inner[1] == 2 and is_num(inner[2]):
            return inner[2][1]
        if inner[0] == "mul" and is_num(inner[1]) and inner[2][0] == "root" and is_num(inner[2][2]) and len(inner) == 3 and inner[2][1] == 2:
            return inner[1][1] ** 2 * inner[2][2][1]
        return None
    if t[0] != "add" or len(t) != 3:
        return None
    x, y = square(t[1]), square(t[2])
    if x is None or y is None or x == y:
        return None
    other = t[2][1] if t[2][0] == "neg" else neg(t[2])
    return div(num(x - y), add(t[1], other))


def squared_under_root(t, r):
    """a + sqrt b: sqrt(a^2 + b + 2 a sqrt b)."""
    if t[0] != "add" or len(t) != 3 or not is_num(t[1]) or t[1][1] <= 0:
        return None
    b = t[2]
    if b[0] != "root" or b[1] != 2 or not is_num(b[2]):
        return None
    return root(add(num(t[1][1] ** 2 + b[2][1]), mul(num(2 * t[1][1]), b)))


def log_of_product(t, r):
    if t[0] == "fn" and t[1] == "ln":
        make = lambda a: fn("ln", a)  # noqa: E731
    elif t[0] == "log":
        make = lambda a: ("log", t[1], a)  # noqa: E731
    else:
        return None
    inner = t[2]
    if inner[0] == "mul":
        return add(*map(make, inner[1:]))
    if inner[0] == "div":
        return add(make(inner[1]), neg(make(inner[2])))
    if inner[0] == "pow":
        return mul(inner[2], make(inner[1]))
    if inner[0] == "root":
        return div(make(inner[2]), num(inner[1]))
    if whole_num(inner):
        by = [k for k in (2, 3, 5, 7) if inner[1] > k and inner[1] % k == 0]
        return add(make(num(by[0])), make(num(inner[1] / by[0]))) if by else None
    return None


def coefficient_into_log(t, r):
    """3 ln 2: ln 8."""
    if t[0] == "mul" and len(t) == 3 and whole_num(t[1]) and 1 < t[1][1] < 7 and t[2][0] in ("fn", "log"):
        inner = t[2]
        if inner[0] == "log" or inner[1] == "ln":
            raised = num(inner[2][1] ** int(t[1][1])) if is_num(inner[2]) else power(inner[2], t[1])
            return inner[:2] + (raised,)
    return None


def minus_log(t, r):
    """-ln a: ln(1/a)."""
    if t[0] == "neg" and (t[1][0] == "log" or t[1][:2] == ("fn", "ln")):
        return t[1][:2] + (div(num(1), t[1][2]),)
    return None


def change_of_base(t, r):
    if t[0] != "log":
        return None
    if r.random() < 0.5:
        return div(fn("ln", t[2]), fn("ln", t[1]))
    base = small(r)
    return div(("log", base, t[2]), ("log", base, t[1]))


def inverted_log(t, r):
    return div(num(1), ("log", t[2], t[1])) if t[0] == "log" else None


def log_of_powers(t, r):
    """log_a b: log_(a^2) b^2."""
    return ("log", power(t[1], 2), power(t[2], 2)) if t[0] == "log" else None


def ln_for_log_e(t, r):
    return ("log", E, t[2]) if t[:2] == ("fn", "ln") else None


def exp_call(t, r):
    return fn("exp", t[2]) if t[0] == "pow" and t[1] == E else None


def exp_of_sum(t, r):
    return mul(*(power(t[1], a) for a in t[2][1:])) if t[0] == "pow" and t[2][0] == "add" else None


def exp_of_difference(t, r):
    if t[0] == "pow" and t[2][0] == "neg":
        return div(num(1), power(t[1], t[2][1]))
    return None


def exp_of_multiple(t, r):
    return power(power(t[1], mul(*t[2][2:])), t[2][1]) if t[0] == "pow" and t[2][0] == "mul" and is_num(t[2][1]) else None


def number_as_exp_ln(t, r):
    return power(E, fn("ln", t)) if whole_num(t) and t[1] > 1 else None


def base_as_power(t, r):
    """4^x: 2^(2x)."""
    if t[0] == "pow" and whole_num(t[1]) and t[1][1] in (4, 9, 25, 36) and variables(t[2]):
        return power(num(int(t[1][1] ** 0.5)), mul(num(2), t[2]))
    return None


def tangent_as_quotient(t, r):
    return div(fn("sin", t[2]), fn("cos", t[2])) if t[:2] == ("fn", "tan") else None


def reciprocal_functions(t, r):
    pairs = {"sec": "cos", "csc": "sin", "cot": "tan"}
    return div(num(1), fn(pairs[t[1]], t[2])) if t[0] == "fn" and t[1] in pairs else None


def double_sine(t, r):
    if t[:2] == ("fn", "sin") and t[2][0] == "mul" and t[2][1] == num(2):
        half = mul(*t[2][2:])
        return mul(num(2), fn("sin", half), fn("cos", half))
    return None


def double_cosine(t, r):
    if t[:2] == ("fn", "cos") and t[2][0] == "mul" and t[2][1] == num(2):
        half = mul(*t[2][2:])
        sine, cosine = power(fn("sin", half), 2), power(fn("cos", half), 2)
        return r.choice([add(cosine, neg(sine)), add(mul(num(2), cosine), num(-1)), add(num(1), neg(mul(num(2), sine)))])
    return None


def sine_squared(t, r):
    if t[0] == "pow" and t[2] == num(2) and t[1][0] == "fn" and t[1][1] in ("sin", "cos"):
        return add(num(1), neg(power(fn("cos" if t[1][1] == "sin" else "sin", t[1][2]), 2)))
    return None


def one_as_squares(t, r):
    if t == num(1):
        x = var("x")
        return add(power(fn("sin", x), 2), power(fn("cos", x), 2))
    return None


def complement(t, r):
    other = {"sin": "cos", "cos": "sin"}
    if t[0] == "fn" and t[1] in other:
        return fn(other[t[1]], add(div(PI, num(2)), neg(t[2])))
    return None


def whole_turn(t, r):
    return fn(t[1], add(t[2], mul(num(2), PI))) if t[0] == "fn" and t[1] in ("sin", "cos") else None


def odd_and_even(t, r):
    if t[0] != "fn" or t[1] not in ("sin", "cos", "tan"):
        return None
    return fn("cos", neg(t[2])) if t[1] == "cos" else neg(fn(t[1], neg(t[2])))


def bars_turned(t, r):
    return ("abs", minus_outside(t[1], r)[1]) if t[0] == "abs" and t[1][0] == "add" else None


def bars_as_root(t, r):
    return root(power(t[1], 2)) if t[0] == "abs" else None


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
ROOTS = {
    "root as a power": root_as_power, "power as a root": power_as_root, "factor under the root": root_with_factor_inside,
    "root of a product": root_of_product, "root of a multiple": root_of_larger, "n over its root": root_rationalised,
    "conjugate below": conjugate_below, "square under a root": squared_under_root,
}
LOGS = {
    "log of a product": log_of_product, "coefficient into the log": coefficient_into_log, "minus a log": minus_log,
    "change of base": change_of_base, "inverted log": inverted_log, "log of powers": log_of_powers,
    "log to the base e": ln_for_log_e, "exp called": exp_call, "power of a sum": exp_of_sum,
    "power of a negative": exp_of_difference, "power of a multiple": exp_of_multiple,
    "number as exp of ln": number_as_exp_ln, "base as a power": base_as_power,
}
TRIGONOMETRY = {
    "tangent as a quotient": tangent_as_quotient, "reciprocal function": reciprocal_functions,
    "sine of the double": double_sine, "cosine of the double": double_cosine, "square by the other": sine_squared,
    "1 as two squares": one_as_squares, "complement": complement, "a turn more": whole_turn, "odd or even": odd_and_even,
    "bars turned": bars_turned, "bars as a root": bars_as_root,
}
