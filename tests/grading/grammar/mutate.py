"""Near misses of a term: each changes its value (which is checked where it is used)."""
from fractions import Fraction

from .rewrite import is_num, whole_num
from .term import E, PI, add, div, mul, neg, num, power, root, var


def number_by_one(t, r):
    return num(t[1] + r.choice([1, -1])) if whole_num(t) and t[1] not in (0, 1) else None


def number_negated(t, r):
    return num(-t[1]) if is_num(t) and t[1] != 0 else None


def number_tiny(t, r):
    return num(t[1] + Fraction(1, 1000)) if is_num(t) else None


def number_doubled(t, r):
    return num(t[1] * 2) if is_num(t) and t[1] != 0 else None


def number_tenfold(t, r):
    return num(t[1] * 10) if is_num(t) and t[1] != 0 else None


def term_negated(t, r):
    if t[0] != "add":
        return None
    i = r.randrange(1, len(t))
    turned = t[i][1] if t[i][0] == "neg" else neg(t[i])
    return t[:i] + (turned,) + t[i + 1:]


def term_dropped(t, r):
    if t[0] != "add":
        return None
    i = r.randrange(1, len(t))
    return add(*(t[1:i] + t[i + 1:]))


def factor_dropped(t, r):
    if t[0] != "mul":
        return None
    i = r.randrange(1, len(t))
    return mul(*(t[1:i] + t[i + 1:]))


def whole_negated(t, r):
    return neg(t)


def fraction_turned(t, r):
    return div(t[2], t[1]) if t[0] == "div" else None


def denominator_lost(t, r):
    return t[1] if t[0] == "div" else None


def numerator_lost(t, r):
    return div(num(1), t[2]) if t[0] == "div" and t[1] != num(1) else None


def fraction_of_one_term(t, r):
    """(a + b)/c: a + b/c."""
    return add(*t[1][1:-1], div(t[1][-1], t[2])) if t[0] == "div" and t[1][0] == "add" else None


def exponent_by_one(t, r):
    return power(t[1], add(t[2], num(r.choice([1, -1])))) if t[0] == "pow" and not is_num(t[2]) else (
        power(t[1], t[2][1] + r.choice([1, -1])) if t[0] == "pow" else None)


def exponent_lost(t, r):
    return t[1] if t[0] == "pow" else None


def exponent_negated(t, r):
    return power(t[1], neg(t[2]) if not is_num(t[2]) else -t[2][1]) if t[0] == "pow" else None


def exponent_on_one_factor(t, r):
    """(a b)^n: a b^n."""
    return mul(*t[1][1:-1], power(t[1][-1], t[2])) if t[0] == "pow" and t[1][0] == "mul" else None


def power_of_terms(t, r):
    """(a + b)^n: a^n + b^n."""
    return add(*(power(a, t[2]) for a in t[1][1:])) if t[0] == "pow" and t[1][0] == "add" else None


def power_as_multiple(t, r):
    return mul(t[2], t[1]) if t[0] == "pow" and is_num(t[2]) else None


def parentheses_lost(t, r):
    """a (b + c): a b + c."""
    if t[0] != "mul" or t[-1][0] != "add":
        return None
    return add(mul(*t[1:-1], t[-1][1]), *t[-1][2:])


def other_variable(t, r):
    other = {"x": "y", "y": "x", "n": "m", "a": "b", "b": "a", "t": "x", "m": "n", "p": "q", "q": "p", "k": "n"}
    return var(other.get(t[1], "z")) if t[0] == "var" else None


def variable_as_number(t, r):
    return num(r.choice([1, 2, 3])) if t[0] == "var" else None


def root_lost(t, r):
    return t[2] if t[0] == "root" else None


def other_root(t, r):
    return root(t[2], t[1] + 1) if t[0] == "root" else None


def root_of_terms(t, r):
    """sqrt(a + b): sqrt a + sqrt b."""
    return add(*(root(a, t[1]) for a in t[2][1:])) if t[0] == "root" and t[2][0] == "add" else None


def root_over_all(t, r):
    """a + sqrt b: sqrt(a + b)."""
    return root(add(t[1], t[2][2]), t[2][1]) if t[0] == "add" and len(t) == 3 and t[2][0] == "root" else None


def function_lost(t, r):
    return t[2] if t[0] in ("fn", "log") else None


def other_function(t, r):
    other = {"sin": "cos", "cos": "sin", "tan": "cot", "cot": "tan", "sec": "csc", "csc": "sec", "ln": "exp", "exp": "ln",
             "arcsin": "arccos", "arccos": "arcsin", "arctan": "tan"}
    return ("fn", other[t[1]], t[2]) if t[0] == "fn" else None


def log_of_other_base(t, r):
    if t[0] == "log":
        return r.choice([("fn", "ln", t[2]), t[:1] + (add(t[1], num(1)), t[2])])
    return ("log", num(r.choice([2, 10])), t[2]) if t[:2] == ("fn", "ln") else None


def log_of_terms(t, r):
    """ln a + ln b: ln(a + b)."""
    if t[0] == "add" and len(t) == 3 and t[1][0] == t[2][0] == "fn" and t[1][1] == t[2][1] == "ln":
        return ("fn", "ln", add(t[1][2], t[2][2]))
    return None


def other_constant(t, r):
    return {PI: E, E: PI}.get(t)


def constant_lost(t, r):
    return num(1) if t in (PI, E) else None


def constant_as_decimal(t, r):
    return {PI: num(Fraction("3.14")), E: num(Fraction("2.718"))}.get(t)


def constant_added(t, r):
    return add(t, num(r.choice([1, -1, 2])))


def variable_gained(t, r):
    return mul(t, var(r.choice(["x", "n", "y"])))


def bars_lost(t, r):
    return t[1] if t[0] == "abs" else None


MUTATIONS = {
    "a number by one": number_by_one, "a number negated": number_negated, "a thousandth": number_tiny,
    "a number doubled": number_doubled, "a number tenfold": number_tenfold, "a term negated": term_negated,
    "a term dropped": term_dropped, "a factor dropped": factor_dropped, "all negated": whole_negated,
    "a fraction turned over": fraction_turned, "denominator lost": denominator_lost, "numerator lost": numerator_lost,
    "only one term over it": fraction_of_one_term, "exponent by one": exponent_by_one, "exponent lost": exponent_lost,
    "exponent negated": exponent_negated, "exponent on one factor": exponent_on_one_factor,
    "power of each term": power_of_terms, "power as a multiple": power_as_multiple, "parentheses lost": parentheses_lost,
    "another variable": other_variable, "a number for a variable": variable_as_number, "root lost": root_lost,
    "another root": other_root, "root of each term": root_of_terms, "root over all": root_over_all,
    "function lost": function_lost, "another function": other_function, "another base": log_of_other_base,
    "log of a sum": log_of_terms, "another constant": other_constant, "constant lost": constant_lost,
    "constant as a decimal": constant_as_decimal, "constant added": constant_added, "a variable more": variable_gained,
}
