"""Whole numbers as the value of an operator: divisors, remainders, sums, counts, norms."""
import math
from fractions import Fraction

from .numbers import frac
from .rule import add as add_rule, say
from .sets import end


def two(r):
    return r.randint(2, 60), r.randint(2, 60)


def choose(n, k):
    return math.comb(n, k)


def determinant(r):
    a, b, c, d = (r.randint(-6, 9) for _ in range(4))
    return f"\\begin{{vmatrix}} {a} & {b} \\\\ {c} & {d} \\end{{vmatrix}}", a * d - b * c


def triangle(r):
    a, b, c = r.choice([(3, 4, 5), (5, 12, 13), (8, 15, 17), (6, 8, 10), (7, 24, 25)])
    return f"|{a} + {b}i|", c


def with_gcd(r):
    k = r.randint(2, 12)
    a, b = k * r.randint(2, 9), k * r.randint(2, 9)
    return a, b, math.gcd(a, b)




def gcd(r, name="\\gcd"):
    a, b, g = with_gcd(r)
    return f"{name}({a}, {b})", g


def lcm(r, name="\\operatorname{lcm}"):
    a, b, g = with_gcd(r)
    return f"{name}({a}, {b})", a * b // g


def largest(r, name="\\max", pick=max, left="\\{", right="\\}"):
    v = r.sample(range(-20, 60), 3)
    return f"{name}{left}{', '.join(map(str, v))}{right}", pick(v)


def remainder(r):
    a, b = r.randint(20, 500), r.randint(3, 19)
    return f"{a} \\bmod {b}", a % b


def rounding(r, up, brackets):
    p, q = r.randint(-99, 99), r.randint(2, 9)
    return f"{brackets[0]}{frac(p, q)}{brackets[1]}", -(-p // q) if up else p // q


def sum_of(r, term, value, big="\\sum", join=sum):
    a = r.randint(1, 3)
    b = a + r.randint(2, 6)
    return f"{big}_{{k={a}}}^{{{b}}} {term}", join(value(k) for k in range(a, b + 1))


def geometric(r):
    q = r.randint(2, 9)
    return f"\\sum_{{k=0}}^{{\\infty}} \\left(\\frac{{1}}{{{q}}}\\right)^k", Fraction(q, q - 1)


def double_factorial(r):
    n = r.randint(4, 11)
    return f"{n}!!", math.prod(range(n, 0, -2))


def chosen(r, layout):
    n, k = r.randint(5, 15), r.randint(2, 4)
    return layout % (n, k), choose(n, k)


def arranged(r):
    n, k = r.randint(4, 10), r.randint(2, 4)
    return f"{{}}_{{{n}}}P_{{{k}}}", math.perm(n, k)


OPERATORS = {
    "gcd": gcd,
    "gcd in text": lambda r: gcd(r, "\\text{gcd}"),
    "gcd, operatorname": lambda r: gcd(r, "\\operatorname{gcd}"),
    "lcm": lcm,
    "lcm in text": lambda r: lcm(r, "\\text{lcm}"),
    "maximum of a set": largest,
    "minimum of a set": lambda r: largest(r, "\\min", min),
    "minimum": lambda r: largest(r, "\\min", min, "(", ")"),
    "remainder": remainder,
    "floor": lambda r: rounding(r, False, ("\\left\\lfloor ", " \\right\\rfloor")),
    "ceiling": lambda r: rounding(r, True, ("\\left\\lceil ", " \\right\\rceil")),
    "bars": lambda r: (lambda a, b: (f"|{a} - {b}|", abs(a - b)))(*two(r)),
    "sum": lambda r: sum_of(r, "k", lambda k: k),
    "sum of squares": lambda r: sum_of(r, "k^2", lambda k: k * k),
    "sum of powers": lambda r: sum_of(r, "2^k", lambda k: 2**k),
    "sum in parentheses": lambda r: sum_of(r, "(3k - 1)", lambda k: 3 * k - 1),
    "product": lambda r: sum_of(r, "k", lambda k: k, "\\prod", math.prod),
    "geometric series": geometric,
    "double factorial": double_factorial,
    "binomial": lambda r: chosen(r, "\\binom{%d}{%d}"),
    "binomial, dbinom": lambda r: chosen(r, "\\dbinom{%d}{%d}"),
    "binomial, choose": lambda r: chosen(r, "{%d \\choose %d}"),
    "binomial, C(n, k)": lambda r: chosen(r, "C(%d, %d)"),
    "binomial, nCk": lambda r: chosen(r, "{}_{%d}C_{%d}"),
    "binomial, n above": lambda r: chosen(r, "{}^{%d}C_{%d}"),
    "permutations, nPk": arranged,
    "determinant": determinant,
    "modulus of a complex number": triangle,
    "conjugate times itself": lambda r: (lambda a, b: (f"({a} + {b}i)({a} - {b}i)", a * a + b * b))(*two(r)),
}


def other_value(v, r):
    return v + r.choice([1, -1, 2]) if r.random() < 0.7 else -v if v else 1


def register():
    for name, make in OPERATORS.items():
        def equal(r, make=make):
            text, v = make(r)
            return (end(v), say(r, text, True)) if r.random() < 0.6 else (text, say(r, end(v), True))

        def unequal(r, make=make):
            text, v = make(r)
            w = other_value(v, r)
            return (end(w), say(r, text, True)) if r.random() < 0.6 else (text, say(r, end(w), True))

        def redrawn(r, make=make):
            (a, v), (b, w) = make(r), make(r)
            return (a, say(r, b, True)) if v != w else None
        add_rule("operators", name, True, equal)
        add_rule("operators", f"miss: {name}, another value", False, unequal)
        add_rule("operators", f"miss: {name} of others", False, redrawn)

    def exchanged(a, b):
        def make(r):
            state = r.getstate()
            first = a(r)
            r.setstate(state)
            second = b(r)
            return (first[0], say(r, second[0], True)) if first[1] != second[1] else None
        return make
    for a, b in (("gcd", "lcm"), ("maximum of a set", "minimum of a set"), ("floor", "ceiling"), ("sum", "product"),
                 ("sum", "sum of squares"), ("sum of squares", "sum of powers")):
        add_rule("operators", f"miss: {b} for {a}", False, exchanged(OPERATORS[a], OPERATORS[b]))
