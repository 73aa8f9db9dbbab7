"""The real numbers but for some points, and what only looks like an interval."""
from fractions import Fraction

from .rule import Kind, Text, add as add_rule, say
from .sets import INF, brackets, end, interval, ray, relation


def holes(r):
    return ascending(Fraction(r.randint(-9, 9), r.choice([1, 1, 2, 3])) for _ in range(r.choice([1, 2, 2, 3])))


def ascending(points):
    return tuple(sorted(set(points)))


def pieces_between(v, r=None):
    ends = [-INF, *v, INF]
    return " \\cup ".join(brackets((a, False, b, False)) for a, b in zip(ends, ends[1:]))


def but(v, gap=", "):
    return gap.join(end(x) for x in v)


def unequal_to(v, gap, sign="\\ne"):
    return gap.join(f"x {sign} {end(x)}" for x in v)


def by_order(v, r):
    if len(v) > 2:
        return None
    middle = f" \\text{{ or }} {end(v[0])} < x < {end(v[1])}" if len(v) == 2 else ""
    return f"x < {end(v[0])}{middle} \\text{{ or }} x > {end(v[-1])}"


HOLES = {
    "setminus": lambda v, r: f"\\mathbb{{R}} \\setminus \\{{{but(v)}\\}}",
    "setminus in another order": lambda v, r: f"\\mathbb{{R}} \\setminus \\{{{but(r.sample(v, len(v)))}\\}}",
    "minus": lambda v, r: f"\\mathbb{{R}} - \\{{{but(v)}\\}}",
    "backslash": lambda v, r: f"\\mathbb{{R}} \\backslash \\{{{but(v)}\\}}",
    "intervals": pieces_between,
    "member of intervals": lambda v, r: f"x \\in {pieces_between(v)}",
    "member": lambda v, r: f"x \\in \\mathbb{{R}} \\setminus \\{{{but(v)}\\}}",
    "not equal": lambda v, r: unequal_to(v, " \\text{ and } "),
    "not equal, commas": lambda v, r: unequal_to(v, ", ", "\\neq"),
    "not equal to a list": lambda v, r: f"x \\neq {but(v)}",
    "by order": by_order,
    "set-builder": lambda v, r: f"\\{{x \\mid {unequal_to(v, ', ')}\\}}",
    "set-builder, real": lambda v, r: f"\\{{x \\in \\mathbb{{R}} \\mid {unequal_to(v, ', ')}\\}}",
    "all minus intervals' ends": lambda v, r: f"(-\\infty, \\infty) \\setminus \\{{{but(v)}\\}}",
}
HOLES_MISSES = {
    "a point less": lambda v, r: v[1:] if len(v) > 1 else None,
    "a point more": lambda v, r: ascending(v + (Fraction(10),)),
    "a point by one": lambda v, r: ascending(v[:-1] + (v[-1] + 1,)),
    "points negated": lambda v, r: ascending(-x for x in v),
    "the points": lambda v, r: Text(f"\\{{{but(v)}\\}}"),
    "equal to them": lambda v, r: Text(f"x = {but(v)}"),
    "none of the rays": lambda v, r: Text(brackets((v[0], False, v[-1], False))) if len(v) > 1 else None,
    "all": lambda v, r: Text("\\mathbb{R}"),
    "one or the other": lambda v, r: Text(unequal_to(v, " \\text{ or } ")) if len(v) > 1 else None,
    "intersection": lambda v, r: Text(pieces_between(v).replace("\\cup", "\\cap")),
    "closed": lambda v, r: Text(f"(-\\infty, {end(v[0])}] \\cup [{end(v[-1])}, \\infty)"),
    "rational": lambda v, r: Text(f"\\mathbb{{Q}} \\setminus \\{{{but(v)}\\}}"),
    "an interval left out": lambda v, r: Text(f"\\mathbb{{R}} \\setminus [{end(v[0])}, {end(v[-1])}]") if len(v) > 1 else None,
    "in the set": lambda v, r: Text(f"x \\in \\{{{but(v)}\\}}"),
    "greater": lambda v, r: Text(f"x > {end(v[-1])}"),
}
# What is no such interval: @r the relation of x, @i the interval, @a an end of it,
# @f and @g numbers outside.
NOT_INTERVALS = [
    "\\{x \\in \\mathbb{Z} \\mid @r\\}", "\\{x \\in \\mathbb{N} \\mid @r\\}", "\\{x \\in \\mathbb{Q} \\mid @r\\}", "\\{x \\mid @r, x \\in \\mathbb{Z}\\}",
    "@r, x \\in \\mathbb{Z}", "@r \\text{ and } x \\in \\mathbb{Z}", "@i \\cap \\mathbb{Z}", "@i \\cap \\mathbb{Q}", "\\{y \\mid @r\\}", "\\{x^2 \\mid @r\\}", "\\{2x \\mid @r\\}",
    "\\{-x \\mid @r\\}", "\\{x + 100 \\mid @r\\}", "\\{(x, y) \\mid @r\\}", "\\{x \\mid @r \\text{ or } x \\ne @a\\}", "\\{x \\mid @r \\text{ and } x \\ne 1000\\} \\cap \\{@a\\}",
    "@r \\text{ or } x \\in \\mathbb{R}", "@r \\text{ or } x = @f", "@r \\text{ and } x = @a", "\\mathbb{R} \\setminus @i", "x \\notin @i", "@i^c", "@i^2", "@i \\times @i", "@i \\times \\mathbb{R}",
    "2@i", "-@i", "@i + 1", "\\text{not } @i", "\\neg (@r)", "@r \\implies x = 0", "@r, y > 0", "@r \\text{ if } y > 0", "(@i, @i)", "@i, @i + 1", "@i \\text{ or } \\emptyset^c", "\\emptyset \\cap @i",
    "@i \\cap \\emptyset", "@i \\setminus @i", "@i \\cup \\mathbb{R}", "@i \\cup \\{@f\\}", "@i \\cup (@f, @g)", "\\sup @i", "\\max @i", "|@i|", "\\text{length of } @i", "x^2 \\in @i", "-x \\in @i", "2x + 1 \\in @i", "|x| + 1000 \\in @i", "\\frac{1}{x} \\in @i", "f(x) = @i \\cup \\{@f\\}",
    "@i, @f", "@f, @i", "@i,@f", "@i; @f", "@i \\text{ and } @f", "@i \\text{ or } @f", "@i, (@f, @g)", "@i, y", "@r, @f", "@f, @r", "@i, @i, @f", "\\{@i, @f\\}", "@i \\text{ or } y", "@i, \\infty", "@r, x \\ne @a, x = @f", "[@g, @f)", "(@g, @f]",
    "x \\to @a", "\\text{all real numbers}", "\\text{all integers}", "\\text{no solution}", "@a", "x = @a", "x \\approx @a", "x \\ge 1000", "x \\le -1000", "\\mathbb{R}^+ \\cap \\mathbb{R}^-",
]


OF_X = ["x^2", "2x", "-x", "|x|", "x + 1", "\\frac{1}{x}", "\\sqrt{x}", "x^3", "xy", "x - y", "\\frac{x}{2}"]


def shape(r):
    """An interval that no function of OF_X takes to itself."""
    v = interval(r) if r.random() < 0.5 else ray(r)
    return v if v[0] != -v[2] and not {0, 1, -1} & {v[0], v[2]} else shape(r)


def register():
    Kind("all but points", holes, HOLES, HOLES_MISSES, reply_only={"not equal to a list"}).register()
    for x in OF_X:
        def of_x(r, x=x):
            v = shape(r)
            return brackets(v) if r.random() < 0.5 else relation(v, r), say(r, relation(v, r, x, r.random() < 0.3), True)
        add_rule("no such interval", f"relation of {x}", False, of_x)
    for template in NOT_INTERVALS:
        def make(r, template=template):
            v = shape(r)
            a = end(v[0] if v[0] != -INF else v[2])
            far = (-1001, -1000) if v[2] == INF else (1000, 1001)
            template_far = template.replace("@f", str(far[0])).replace("@g", str(far[1]))
            text = template_far.replace("@r", relation(v, r)).replace("@i", brackets(v)).replace("@a", a)
            return brackets(v) if r.random() < 0.6 else relation(v, r), say(r, text, True)
        add_rule("no such interval", template, False, make)
