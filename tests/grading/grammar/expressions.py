"""Expressions: terms of many kinds, rewritten and mutated."""
import random
from fractions import Fraction

from . import mutate, rewrite, rewrite_functions as functions
from .rule import add as add_rule, say
from .spelling import SPELLINGS
from .term import E, I, PI, Style, add, div, fn, mul, neg, num, plain, power, root, same, var, write

SQUAREFREE = [2, 3, 5, 6, 7, 10, 11, 13, 14, 15, 17, 19, 21, 23, 29, 31]


def name(r):
    return var(r.choice(["x", "x", "x", "n", "t", "a", "y"]))


def times(k, t):
    """k t, with the sign in front and no 1."""
    if k < 0:
        return neg(times(-k, t))
    return t if k == 1 else mul(num(k), t)


def linear(r, x, most=9):
    k, c = r.choice([1, 1, 2, 3, 5]), r.randint(1, most)
    return add(times(k, x), r.choice([num(c), neg(num(c))]))


def polynomial(r):
    x, degree = name(r), r.randint(1, 4)
    parts = []
    for d in range(degree, -1, -1):
        k = r.choice([0, 1, 1, 2, 3, 4, 5, 7, 9, 12, -1, -2, -3, -6]) or (1 if d == degree else 0)
        if k:
            parts.append(num(k) if d == 0 else times(k, power(x, d) if d > 1 else x))
    return add(*parts) if len(parts) > 1 else add(parts[0], num(1))


def two_variables(r):
    x, y = r.choice([("x", "y"), ("a", "b"), ("m", "n"), ("p", "q")])
    x, y = var(x), var(y)
    return r.choice([
        lambda: add(times(r.randint(1, 5), power(x, 2)), times(r.choice([1, 2, 3, -2, -4]), mul(x, y)), power(y, 2)),
        lambda: mul(add(x, y), add(x, times(r.randint(2, 4), y))),
        lambda: add(times(r.randint(2, 9), x), neg(times(r.randint(2, 9), y))),
        lambda: power(add(times(r.randint(1, 3), x), y), 2),
        lambda: mul(num(r.randint(2, 6)), x, power(y, r.randint(2, 3))),
        lambda: power(mul(num(r.randint(2, 3)), x, y), 2),
    ])()


def rational(r):
    x = name(r)
    return r.choice([
        lambda: div(linear(r, x), linear(r, x)),
        lambda: add(div(num(r.randint(1, 5)), linear(r, x)), div(num(r.randint(1, 5)), linear(r, x))),
        lambda: neg(div(num(r.randint(1, 5)), linear(r, x))),
        lambda: div(x, add(power(x, 2), num(r.randint(1, 9)))),
        lambda: div(num(1), power(x, r.randint(2, 4))),
        lambda: div(mul(x, linear(r, x)), num(r.randint(2, 9))),
        lambda: add(x, div(num(r.randint(1, 9)), x)),
        lambda: div(add(power(x, 2), neg(num(r.randint(1, 9)))), num(r.randint(2, 9))),
    ])()


def surd(r):
    n, a, b, d = r.choice(SQUAREFREE), r.randint(1, 9), r.randint(2, 9), r.randint(2, 9)
    sign = r.choice([lambda t: t, neg])
    return r.choice([
        lambda: times(b, root(num(n))),
        lambda: root(num(n)),
        lambda: add(num(a), sign(times(b, root(num(n))))),
        lambda: add(num(a), root(num(n))),
        lambda: div(add(num(a), sign(root(num(n)))), num(d)),
        lambda: div(times(b, root(num(n))), num(d)),
        lambda: div(num(a), root(num(n))),
        lambda: div(num(a), add(num(d * 7), sign(root(num(n))))),
        lambda: add(root(num(n)), sign(root(num(r.choice([k for k in SQUAREFREE if k != n]))))),
        lambda: times(b, root(num(r.choice([2, 3, 4, 5, 6, 7, 9, 10])), 3)),
        lambda: root(num(r.choice([2, 3, 5, 6, 7])), r.choice([3, 4, 5])),
        lambda: root(add(num(a), root(num(n)))),
        lambda: power(num(n), Fraction(r.choice([1, 3, 5]), 2)),
    ])()


def circle(r):
    q = r.choice([2, 3, 4, 6, 8, 9, 12])
    return r.choice([
        lambda: times(r.randint(2, 99), PI),
        lambda: div(PI, num(q)),
        lambda: div(times(r.randint(2, 11), PI), num(q)),
        lambda: add(num(r.randint(2, 50)), times(r.choice([1, 2, 3, -1, -4]), PI)),
        lambda: neg(div(PI, num(q))),
        lambda: mul(num(r.randint(2, 9)), root(num(r.choice([2, 3, 5]))), PI),
        lambda: div(power(PI, 2), num(r.choice([6, 8, 12]))),
        lambda: times(r.randint(2, 9), E),
        lambda: add(E, num(r.randint(1, 9))),
        lambda: div(num(r.randint(1, 9)), PI),
    ])()


def logs(r):
    x, base = name(r), num(r.choice([2, 3, 5, 7, 10]))
    return r.choice([
        lambda: fn("ln", num(r.choice([2, 3, 6, 10, 12, 15]))),
        lambda: ("log", base, num(r.choice([2, 3, 6, 11, 12, 13, 15, 21]))),
        lambda: times(r.randint(2, 5), fn("ln", num(r.choice([2, 3, 5])))),
        lambda: neg(fn("ln", num(r.choice([2, 3, 5])))),
        lambda: add(fn("ln", num(r.choice([2, 3]))), fn("ln", num(r.choice([5, 7])))),
        lambda: fn("ln", mul(num(r.randint(2, 9)), x)),
        lambda: fn("ln", div(num(r.randint(2, 9)), num(r.choice([7, 11])))),
        lambda: add(num(r.randint(1, 9)), ("log", base, num(r.choice([6, 12, 14])))),
        lambda: fn("ln", power(x, 3)),
        lambda: ("log", num(2), num(2 ** r.randint(2, 10))),
        lambda: div(fn("ln", num(r.choice([3, 5, 7]))), num(r.randint(2, 6))),
    ])()


def exponential(r):
    x, k = name(r), r.randint(2, 5)
    return r.choice([
        lambda: power(E, times(k, x)),
        lambda: power(E, num(r.choice([2, 3, -1, -2]))),
        lambda: mul(num(k), power(E, neg(x))),
        lambda: power(num(r.choice([2, 3, 4, 9])), x),
        lambda: add(power(num(2), x), neg(num(1))),
        lambda: power(num(2), add(x, num(r.randint(1, 4)))),
        lambda: mul(x, power(E, x)),
        lambda: power(num(r.choice([2, 3, 5, 7])), num(r.randint(5, 30))),
        lambda: add(num(1), neg(power(num(r.choice([2, 3])), -r.randint(3, 12)))),
        lambda: mul(num(3), power(num(2), add(x, neg(num(1))))),
    ])()


def trigonometric(r):
    x, k = var(r.choice(["x", "t", "\\theta"[1:]])), r.randint(2, 6)
    f = r.choice(["sin", "cos", "tan"])
    return r.choice([
        lambda: fn(f, x),
        lambda: fn(r.choice(["sin", "cos"]), mul(num(2), x)),
        lambda: times(k, fn(f, x)),
        lambda: power(fn(r.choice(["sin", "cos"]), x), 2),
        lambda: add(fn("sin", x), fn("cos", x)),
        lambda: fn(r.choice(["sec", "csc", "cot"]), x),
        lambda: add(num(1), times(k, fn(r.choice(["sin", "cos"]), x))),
        lambda: ("abs", add(x, neg(num(k)))),
        lambda: fn("sin", div(PI, num(r.choice([7, 9, 11])))),
        lambda: mul(num(k), fn("cos", num(r.randint(1, 3)))),
    ])()


def complexes(r):
    a, b = r.choice([1, 2, 3, 4, 5, 7, -1, -2, -6]), r.choice([1, 2, 3, 5, 8, -1, -2, -4])
    return r.choice([
        lambda: add(num(a), times(b, I)),
        lambda: times(b, I),
        lambda: div(add(num(a), times(b, I)), num(r.choice([2, 3, 5]))),
        lambda: add(num(a), mul(root(num(r.choice([2, 3, 5]))), I)),
    ])()


def counts(r):
    n, k = r.randint(5, 12), r.randint(2, 4)
    return r.choice([
        lambda: ("fact", num(n)),
        lambda: ("binom", num(n), num(k)),
        lambda: div(("fact", num(n)), num(r.choice([2, 6, 24]))),
        lambda: div(("binom", num(n), num(k)), ("binom", num(n + 3), num(k))),
        lambda: add(("binom", num(n), num(k)), num(-r.randint(1, 9))),
        lambda: mul(num(k), ("fact", num(n - 1))),
    ])()


def i_squared(t, r):
    return neg(mul(num(-1), t)) if t == I else None


def i_as_root(t, r):
    return root(num(-1)) if t == I else None


def i_inverted(t, r):
    return neg(div(num(1), I)) if t == I else None


def plain_binomial(t):
    return t[0] == "binom" and rewrite.whole_num(t[1]) and rewrite.whole_num(t[2])


def factorial_value(t, r):
    out = 1
    if t[0] != "fact" or not rewrite.whole_num(t[1]):
        return None
    for k in range(2, int(t[1][1]) + 1):
        out *= k
    return num(out)


def factorial_step(t, r):
    return mul(t[1], ("fact", num(t[1][1] - 1))) if t[0] == "fact" and rewrite.whole_num(t[1]) else None


def binomial_by_factorials(t, r):
    if not plain_binomial(t):
        return None
    n, k = t[1][1], t[2][1]
    return div(("fact", num(n)), mul(("fact", num(k)), ("fact", num(n - k))))


def binomial_mirrored(t, r):
    return ("binom", t[1], num(t[1][1] - t[2][1])) if plain_binomial(t) else None


def pascal(t, r):
    if not plain_binomial(t):
        return None
    n, k = num(t[1][1] - 1), t[2][1]
    return add(("binom", n, num(k)), ("binom", n, num(k - 1)))


def binomial_value(t, r):
    if not plain_binomial(t):
        return None
    out = Fraction(1)
    for k in range(int(t[2][1])):
        out = out * (t[1][1] - k) / (k + 1)
    return num(out)


COUNTING = {"factorial's value": factorial_value, "factorial by a step": factorial_step, "binomial by factorials": binomial_by_factorials,
            "binomial mirrored": binomial_mirrored, "Pascal's rule": pascal, "binomial's value": binomial_value}
COMPLEX = {"i twice negated": i_squared, "i as a root": i_as_root, "i inverted": i_inverted}
BOTH = {**rewrite.ALGEBRA, **rewrite.FRACTIONS}
KINDS = {
    "polynomials": (polynomial, {**rewrite.ALGEBRA, **rewrite.POWERS}),
    "two variables": (two_variables, {**rewrite.ALGEBRA, **rewrite.POWERS}),
    "rational functions": (rational, {**BOTH, **rewrite.POWERS}),
    "roots": (surd, {**BOTH, **functions.ROOTS}),
    "pi and e": (circle, {**BOTH}),
    "logarithms": (logs, {**BOTH, **functions.LOGS}),
    "exponentials": (exponential, {**rewrite.ALGEBRA, **rewrite.POWERS, **functions.LOGS}),
    "trigonometry": (trigonometric, {**rewrite.ALGEBRA, **functions.TRIGONOMETRY}),
    "complex numbers": (complexes, {**BOTH, **COMPLEX}),
    "counting": (counts, {**BOTH, **COUNTING}),
}
STYLES = {
    "fractions by slash": {"frac": "/"}, "dfrac": {"frac": "\\dfrac"}, "times": {"dot": "\\times "},
    "stars": {"juxtapose": "*"}, "thin spaces": {"juxtapose": "\\,"}, "left and right": {"left": "\\left(", "right": "\\right)"},
    "bare exponents": {"power": "bare"}, "bare arguments": {"argument": "bare"}, "without spaces": {"space": ""},
    "roots as powers": {"root": "power"},
}


def rewritten(make, rewriting):
    def pair(r):
        t = make(r)
        other = rewrite.anywhere(t, rewriting, r)
        if other is None or same(t, other) is not True:
            return None
        texts = [write(t), write(other, Style(r) if r.random() < 0.4 else None)]
        if r.random() < 0.3:
            texts.reverse()
        return texts[0], say(r, texts[1], True), plain(t), plain(other)
    return pair


def restyled(make, style):
    def pair(r):
        t, s = make(r), Style()
        for key, val in style.items():
            setattr(s, key, val)
        texts = [write(t), write(t, s)]
        if texts[0] == texts[1]:
            return None
        if r.random() < 0.3:
            texts.reverse()
        return texts[0], say(r, texts[1], True)
    return pair


def respelled(make, spelling):
    def pair(r):
        text = write(make(r))
        other = spelling(text)
        return (text, say(r, other, True)) if other not in (None, text) else None
    return pair


def respelled_miss(make, spelling, mutations):
    """Another value, in that spelling."""
    def pair(r):
        t = make(r)
        other = rewrite.anywhere(t, r.choice(mutations), r)
        if other is None or same(t, other) is not False:
            return None
        text = spelling(write(other))
        return (write(t), say(r, text, True), plain(t), plain(other)) if text is not None else None
    return pair


def mutated(make, rewritings, mutation):
    def pair(r):
        t = make(r)
        other = rewrite.anywhere(t, mutation, r)
        if other is None or same(t, other) is not False:
            return None
        if r.random() < 0.4:
            other = rewrite.anywhere(other, r.choice(rewritings), r) or other
            if same(t, other) is not False:
                return None
        style = Style(r) if r.random() < 0.5 else None
        return write(t), say(r, write(other, style), True), plain(t), plain(other)
    return pair


def works(make):
    """Whether a rule has instances enough: some rewritings say nothing about a kind."""
    r = random.Random(0)
    found = 0
    for _ in range(150):
        found += make(r) is not None
        if found == 3:
            return True
    return False


def add_if_any(family, rule, equal, make):
    if works(make):
        add_rule(family, rule, equal, make)


def register():
    for family, (make, rewritings) in KINDS.items():
        for rule, rewriting in rewritings.items():
            add_if_any(family, rule, True, rewritten(make, rewriting))
        for rule, style in STYLES.items():
            add_if_any(family, "written: " + rule, True, restyled(make, style))
        for rule, spelling in SPELLINGS.items():
            add_if_any(family, "spelled " + rule, True, respelled(make, spelling))
            add_if_any(family, "miss: another value spelled " + rule, False, respelled_miss(make, spelling, list(mutate.MUTATIONS.values())))
        for rule, mutation in mutate.MUTATIONS.items():
            add_if_any(family, "miss: " + rule, False, mutated(make, list(rewritings.values()), mutation))
