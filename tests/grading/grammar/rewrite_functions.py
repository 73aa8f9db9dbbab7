"""Rewritings of roots, logarithms, exponentials, sines and bars."""
from fractions import Fraction

from .rewrite import is_num, minus_outside, small, whole_num
from .term import E, PI, add, div, fn, mul, neg, num, power, root, var, variables


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
