"""Tuples, lists, sets, intervals and equations whose parts are terms, rewritten in place."""
from . import expressions, mutate, rewrite, rewrite_functions
from .rule import add as add_rule, say
from .term import Style, neg, num, same, value, variables, write

PARTS = [expressions.surd, expressions.circle, expressions.logs, expressions.exponential]
NUMBERS = [expressions.surd, expressions.circle]
REWRITINGS = [*rewrite.ALGEBRA.values(), *rewrite.FRACTIONS.values(), *rewrite_functions.ROOTS.values()]
MUTATIONS = list(mutate.MUTATIONS.values())


def joined(items):
    return ", ".join(items)


LAYOUTS = {
    # name: what draws the parts, the gold's layout, others of the same value
    "tuple": (PARTS, lambda v: f"({joined(v)})", [lambda v: f"\\left({joined(v)}\\right)", lambda v: f"( {joined(v)} )", lambda v: f"P = ({joined(v)})"]),
    "set": (PARTS, lambda v: f"\\{{{joined(v)}\\}}", [lambda v: f"\\left\\{{{joined(v[::-1])}\\right\\}}", lambda v: joined(v), lambda v: f"x \\in \\{{{joined(v)}\\}}"]),
    "list": (NUMBERS, joined, [lambda v: " \\text{ and } ".join(v), lambda v: joined(v[::-1]), lambda v: f"\\{{{joined(v)}\\}}", lambda v: f"x = {joined(v)}",
                               lambda v: " \\text{ or } ".join(f"x = {a}" for a in v)]),
    "column": (PARTS, lambda v: "\\begin{pmatrix} " + " \\\\ ".join(v) + " \\end{pmatrix}", [lambda v: "\\begin{bmatrix}" + "\\\\".join(v) + "\\end{bmatrix}"]),
    "single": (PARTS, lambda v: v[0], [lambda v: f"x = {v[0]}", lambda v: f"\\displaystyle {v[0]}", lambda v: f"\\left({v[0]}\\right)", lambda v: f"S = {v[0]}", lambda v: f"\\lVert v \\rVert = {v[0]}", lambda v: f"|AB| = {v[0]}",
                                       lambda v: f"\\text{{Volume}} = {v[0]}", lambda v: f"{{{v[0]}}}", lambda v: f"${v[0]}$"]),
    "function": ([expressions.polynomial, expressions.rational, expressions.exponential], lambda v: f"f(x) = {v[0]}", [lambda v: f"f(x)={v[0]}"]),
    "volume": (NUMBERS, lambda v: f"{v[0]}\\text{{ cm}}^3", [lambda v: f"{v[0]}\\,\\mathrm{{cm}}^3", lambda v: f"{v[0]} \\text{{ cubic centimeters}}", lambda v: f"V = {v[0]}\\text{{ cm}}^{{3}}"]),
}


def apart(terms):
    """Whether no two terms have one value."""
    return all(same(a, b) is False for i, a in enumerate(terms) for b in terms[:i])


def draw(r, makers, n):
    terms = [r.choice(makers)(r) for _ in range(n)]
    return terms if apart(terms) else None


def of_one_variable(terms):
    """f(x) is a function of x."""
    return variables(terms[0]) == {"x"}


def count(layout, r):
    return 1 if layout in ("single", "function", "volume") else r.choice([2, 2, 3])


def drawn(layout, r):
    terms = draw(r, LAYOUTS[layout][0], count(layout, r))
    if terms is None or (layout == "function" and not of_one_variable(terms)) or (layout == "volume" and terms[0][0] in ("add", "neg")):
        return None
    return terms


def texts(terms, r=None):
    return [write(t, Style(r) if r else None) for t in terms]


def rewritten(layout):
    def pair(r):
        terms = drawn(layout, r)
        if terms is None:
            return None
        i = r.randrange(len(terms))
        other = rewrite.anywhere(terms[i], r.choice(REWRITINGS), r)
        if other is None or same(terms[i], other) is not True or (layout == "volume" and other[0] in ("add", "neg")):
            return None
        _, usual, _ = LAYOUTS[layout]
        return usual(texts(terms)), say(r, usual(texts([*terms[:i], other, *terms[i + 1:]], r if r.random() < 0.3 else None)), True)
    return pair


def laid_out(layout, form):
    def pair(r):
        terms = drawn(layout, r)
        return None if terms is None else (LAYOUTS[layout][1](texts(terms)), say(r, form(texts(terms)), True))
    return pair


def mutated(layout):
    def pair(r):
        terms = drawn(layout, r)
        if terms is None:
            return None
        i = r.randrange(len(terms))
        other = rewrite.anywhere(terms[i], r.choice(MUTATIONS), r)
        changed = [*terms[:i], other, *terms[i + 1:]] if other is not None else None
        if changed is None or same(terms[i], other) is not False or not apart(changed):
            return None
        if layout in ("set", "list") and any(same(other, t) is not False for t in terms):
            return None
        _, usual, others = LAYOUTS[layout]
        form = r.choice([usual, usual, *others])
        return usual(texts(terms)), say(r, form(texts(changed, r if r.random() < 0.3 else None)), True)
    return pair


def part_lost(layout):
    def pair(r):
        terms = drawn(layout, r)
        if terms is None or len(terms) < 2:
            return None
        _, usual, _ = LAYOUTS[layout]
        rest = texts(terms[:-1])
        return usual(texts(terms)), say(r, usual(rest) if len(rest) > 1 or layout == "set" else rest[0], True)
    return pair


def exchanged(layout):
    def pair(r):
        terms = drawn(layout, r)
        _, usual, _ = LAYOUTS[layout]
        return None if terms is None else (usual(texts(terms)), say(r, usual(texts(terms[::-1])), True))
    return pair


# Intervals whose ends are terms.
def ends(r):
    """Two numbers that are terms, ascending, and which of them belong to the interval."""
    a, b = r.choice(NUMBERS)(r), r.choice([*NUMBERS, lambda r: num(r.randint(-5, 40))])(r)
    if r.random() < 0.2:
        a = neg(b) if b[0] != "neg" else a
    x, y = value(a, {}).real, value(b, {}).real
    if abs(x - y) < 1e-3:
        return ends(r)
    return (*((a, b) if x < y else (b, a)), r.random() < 0.5, r.random() < 0.5)


def between(v):
    return f"{'[' if v[2] else '('}{write(v[0])}, {write(v[1])}{']' if v[3] else ')'}"


def chain(v):
    less = ["<", "\\le"]
    return f"{write(v[0])} {less[v[2]]} x {less[v[3]]} {write(v[1])}"


SPANS = {
    "relation": chain,
    "member": lambda v: f"x \\in {between(v)}",
    "set-builder": lambda v: f"\\{{x \\mid {chain(v)}\\}}",
    "left and right": lambda v: f"\\left{between(v)[:-1]}\\right{between(v)[-1]}",
}
SPAN_MISSES = {
    "low end": lambda v, r: (v[0], v[1], not v[2], v[3]),
    "high end": lambda v, r: (v[0], v[1], v[2], not v[3]),
    "an end otherwise": lambda v, r: (rewrite.anywhere(v[0], r.choice(MUTATIONS), r), v[1], v[2], v[3]),
    "other end otherwise": lambda v, r: (v[0], rewrite.anywhere(v[1], r.choice(MUTATIONS), r), v[2], v[3]),
    "mirrored": lambda v, r: (neg(v[1]), neg(v[0]), v[3], v[2]),
}


def register_spans():
    for name, form in SPANS.items():
        def equal(r, form=form):
            v = ends(r)
            return (between(v), say(r, form(v), True)) if r.random() < 0.6 else (form(v), say(r, between(v), True))
        add_rule("intervals of terms", name, True, equal)
    for name, miss in SPAN_MISSES.items():
        def unequal(r, miss=miss):
            v = ends(r)
            w = miss(v, r)
            if None in w[:2] or (v[2:] == w[2:] and same(v[0], w[0]) is not False and same(v[1], w[1]) is not False):
                return None
            try:
                low, high = (value(t, {}).real for t in w[:2])
            except (ArithmeticError, KeyError):
                return None
            if low >= high:
                return None
            return between(v), say(r, r.choice([between, *SPANS.values()])(w), True)
        add_rule("intervals of terms", "miss: " + name, False, unequal)


def register():
    for layout, (_, _, others) in LAYOUTS.items():
        expressions.add_if_any("composites", f"{layout}, a part rewritten", True, rewritten(layout))
        for i, form in enumerate(others, 1):
            expressions.add_if_any("composites", f"{layout}, form {i}", True, laid_out(layout, form))
        expressions.add_if_any("composites", f"{layout}, miss: a part", False, mutated(layout))
        expressions.add_if_any("composites", f"{layout}, miss: a part lost", False, part_lost(layout))
        if layout in ("tuple", "column"):
            expressions.add_if_any("composites", f"{layout}, miss: reversed", False, exchanged(layout))
    register_spans()
