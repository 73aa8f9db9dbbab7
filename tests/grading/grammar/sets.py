"""Sets of numbers: intervals and their unions, relations, finite sets, named ones."""
from fractions import Fraction

from .numbers import decimal, frac
from .rule import Kind, Text, add as add_rule, say

INF = float("inf")


def end(v, r=None):
    """An end of an interval; drawn forms where r is given."""
    if v in (INF, -INF):
        if v > 0:
            return r.choice(["\\infty", "+\\infty", "\\infty"]) if r else "\\infty"
        return "-\\infty"
    v = Fraction(v)
    if v.denominator == 1:
        return str(v.numerator)
    usual = ("-" if v < 0 else "") + frac(abs(v.numerator), v.denominator)
    return usual if not r else r.choice([usual, usual.replace("\\frac", "\\dfrac"), f"{v.numerator}/{v.denominator}", decimal(v) or usual])


def point(r):
    return Fraction(r.randint(-12, 12), r.choice([1, 1, 1, 2, 3, 4]))


def interval(r):
    """(low, closed, high, closed)"""
    a, b = sorted(r.sample(range(-12, 13), 2))
    a, b = a + Fraction(r.choice([0, 0, 0, 1]), r.choice([2, 3, 4])), Fraction(b)
    if a >= b:
        return interval(r)
    return a, r.random() < 0.5, b, r.random() < 0.5


def ray(r):
    a = point(r)
    return (a, r.random() < 0.5, INF, False) if r.random() < 0.5 else (-INF, False, a, r.random() < 0.5)


def brackets(v, r=None, left="", right=""):
    a, ca, b, cb = v
    gap = r.choice([",", ", ", " , "]) if r else ", "
    return f"{left}{'[' if ca else '('}{end(a, r)}{gap}{end(b, r)}{right}{']' if cb else ')'}"


LESS = {False: ["<", "<", "\\lt "], True: ["\\le ", "\\leq ", "\\leqslant ", "\u2264 "]}
MORE = {False: [">", ">", "\\gt "], True: ["\\ge ", "\\geq ", "\\geqslant ", "\u2265 "]}


def relation(v, r, x="x", turned=False):
    a, ca, b, cb = v
    if a == -INF:
        return f"{end(b)} {r.choice(MORE[cb])}{x}" if turned else f"{x} {r.choice(LESS[cb])}{end(b)}"
    if b == INF:
        return f"{end(a)} {r.choice(LESS[ca])}{x}" if turned else f"{x} {r.choice(MORE[ca])}{end(a)}"
    if turned:
        return f"{end(b)} {r.choice(MORE[cb])}{x} {r.choice(MORE[ca])}{end(a)}"
    return f"{end(a)} {r.choice(LESS[ca])}{x} {r.choice(LESS[cb])}{end(b)}"


def two_relations(v, r):
    a, ca, b, cb = v
    if INF in (-a, b):
        return None
    return f"{relation((a, ca, INF, False), r)} \\text{{ and }} {relation((-INF, False, b, cb), r)}"


INTERVAL = {
    "brackets": lambda v, r: brackets(v),
    "brackets, spaced": lambda v, r: brackets(v, r),
    "left and right": lambda v, r: brackets(v, r, "\\left", "\\right"),
    "member": lambda v, r: f"x \\in {brackets(v)}",
    "member, ends otherwise": lambda v, r: f"x\\in{brackets(v, r)}",
    "member, Unicode": lambda v, r: f"x \u2208 {brackets(v)}",
    "relation": relation,
    "relation turned": lambda v, r: relation(v, r, turned=True),
    "relation, -\\infty and \\infty written": lambda v, r: f"{end(v[0])} {LESS[v[1]][0]} x {LESS[v[3]][0]} {end(v[2])}" if INF in (-v[0], v[2]) else None,
    "two relations": two_relations,
    "two relations by a comma": lambda v, r: t.replace(" \\text{ and } ", ", ") if (t := two_relations(v, r)) else None,
    "set-builder, bar": lambda v, r: f"\\{{x \\mid {relation(v, r)}\\}}",
    "set-builder, |": lambda v, r: f"\\{{x | {relation(v, r)}\\}}",
    "set-builder, colon": lambda v, r: f"\\{{x : {relation(v, r)}\\}}",
    "set-builder, real numbers": lambda v, r: f"\\{{x \\in \\mathbb{{R}} \\mid {relation(v, r)}\\}}",
    "set-builder, left and right": lambda v, r: f"\\left\\{{ x \\mid {relation(v, r)} \\right\\}}",
    "domain named": lambda v, r: f"D = {brackets(v)}",
    "text": lambda v, r: f"\\text{{{brackets(v)}}}" if "\\" not in brackets(v) else None,
    "union of two parts": lambda v, r: f"{brackets((v[0], v[1], m, False))} \\cup {brackets((m, True, v[2], v[3]))}"
    if (m := v[0] + 1 if v[0] != -INF else v[2] - 1) < v[2] else None,
}


INTERVAL_MISSES = {
    "low end open for closed": lambda v, r: (v[0], not v[1], v[2], v[3]) if v[0] != -INF else None,
    "high end open for closed": lambda v, r: (v[0], v[1], v[2], not v[3]) if v[2] != INF else None,
    "brackets exchanged": lambda v, r: (v[0], v[3], v[2], v[1]) if INF not in (-v[0], v[2]) and v[1] != v[3] else None,
    "an end by one": lambda v, r: (v[0] - 1, v[1], v[2], v[3]) if v[0] != -INF else (v[0], v[1], v[2] + 1, v[3]),
    "an end negated": lambda v, r: (v[0], v[1], -v[2], v[3]) if v[2] != INF and v[0] < -v[2] else None,
    "mirrored": lambda v, r: (-v[2], v[3], -v[0], v[1]),
    "the other ray": lambda v, r: (v[2], v[3], INF, False) if v[0] == -INF else (-INF, False, v[0], v[1]) if v[2] == INF else None,
    "an end made infinite": lambda v, r: (v[0], v[1], INF, False) if v[0] != -INF and v[2] != INF else None,
    "ends exchanged": lambda v, r: Text(f"{'[' if v[1] else '('}{end(v[2])}, {end(v[0])}{']' if v[3] else ')'}"),
    "all real numbers": lambda v, r: Text(r.choice(["\\mathbb{R}", "(-\\infty, \\infty)", "\\text{all real numbers}", "x \\in \\mathbb{R}"])),
    "empty": lambda v, r: Text(r.choice(["\\emptyset", "\\{\\}", "\\varnothing", "\\text{no solution}"])),
    "its ends as a set": lambda v, r: Text(f"\\{{{end(v[0])}, {end(v[2])}\\}}"),
    "one end": lambda v, r: Text(end(v[0] if v[0] != -INF else v[2])),
    "x is an end": lambda v, r: Text(f"x = {end(v[0] if v[0] != -INF else v[2])}"),
    "a point less": lambda v, r: Text(f"{brackets(v)} \\setminus \\{{{end(v[2] - Fraction(1, 3) if v[2] != INF else v[0] + 1)}\\}}") if v[2] == INF or v[2] - Fraction(1, 3) > v[0] else None,
    "the outside": lambda v, r: Text(f"{brackets((-INF, False, v[0], not v[1]))} \\cup {brackets((v[2], not v[3], INF, False))}") if INF not in (-v[0], v[2]) else None,
    "not a member": lambda v, r: Text(f"x \\notin {brackets(v)}"),
    "not equal": lambda v, r: Text(f"x \\ne {end(v[0] if v[0] != -INF else v[2])}"),
    "an intersection": lambda v, r: Text(f"{brackets(v)} \\cap {brackets((v[0] - 5, True, v[0] + Fraction(1, 9), True))}") if v[0] != -INF else None,
}


def pieces(r):
    """Two or three intervals apart, ascending."""
    a = sorted(r.sample(range(-12, 13), r.choice([4, 4, 6])))
    out = [(Fraction(a[i]), r.random() < 0.5, Fraction(a[i + 1]), r.random() < 0.5) for i in range(0, len(a), 2)]
    if r.random() < 0.5:
        out[0] = (-INF, False) + out[0][2:]
        out[-1] = out[-1][:2] + (INF, False)
    return tuple(out)


def union(v, r=None, sign=" \\cup ", shuffled=False):
    parts = r.sample(v, len(v)) if shuffled else v
    return sign.join(brackets(p, r if shuffled else None) for p in parts)


def alternatives(v, r, word):
    return word.join(relation(p, r) for p in v)


UNION = {
    "cup": lambda v, r: union(v),
    "other order": lambda v, r: union(v, r, shuffled=True),
    "Unicode cup": lambda v, r: union(v, r, " \u222a "),
    "U": lambda v, r: union(v, r, " U "),
    "cup, left and right": lambda v, r: " \\cup ".join(brackets(p, r, "\\left", "\\right") for p in v),
    "member": lambda v, r: f"x \\in {union(v)}",
    "relations by or": lambda v, r: alternatives(v, r, " \\text{ or } "),
    "relations by bare or": lambda v, r: alternatives(v, r, " or "),
    "relations by or, turned": lambda v, r: " \\text{ or } ".join(relation(p, r, turned=True) for p in reversed(v)),
    "not in the gap": lambda v, r: "x \\notin " + brackets((v[0][2], not v[0][3], v[1][0], not v[1][1])) if len(v) == 2 and (v[0][0], v[1][2]) == (-INF, INF) else None,
    "outside of the gap": lambda v, r: "\\mathbb{R} \\setminus " + brackets((v[0][2], not v[0][3], v[1][0], not v[1][1])) if len(v) == 2 and (v[0][0], v[1][2]) == (-INF, INF) else None,
    "set-builder": lambda v, r: "\\{x \\mid " + alternatives(v, r, " \\text{ or } ") + "\\}",
}
UNION_MISSES = {
    "a part lost": lambda v, r: v[:-1],
    "first part lost": lambda v, r: v[1:],
    "cap": lambda v, r: Text(union(v, r, " \\cap ")),
    "one end open for closed": lambda v, r: v[:-1] + ((v[-1][0], not v[-1][1]) + v[-1][2:],),
    "other end open for closed": lambda v, r: ((*v[0][:3], not v[0][3]),) + v[1:],
    "an end by one half": lambda v, r: v[:-1] + ((v[-1][0] - Fraction(1, 2),) + v[-1][1:],),
    "mirrored": lambda v, r: tuple((-p[2], p[3], -p[0], p[1]) for p in reversed(v)),
    "hull": lambda v, r: Text(brackets(v[0][:2] + v[-1][2:])),
    "and for or": lambda v, r: Text(alternatives(v, r, " \\text{ and } ")),
    "gap": lambda v, r: Text(brackets((v[0][2], not v[0][3], v[1][0], not v[1][1]))),
    "difference": lambda v, r: Text(union(v, r, " \\setminus ")),
    "a part more": lambda v, r: v + ((Fraction(20), True, Fraction(21), True),) if v[-1][2] != INF else None,
}


def element(r):
    return point(r)


def finite(r):
    return frozenset(element(r) for _ in range(r.randint(2, 4)))


def two_or_more(r):
    v = finite(r)
    return v if len(v) > 1 else two_or_more(r)


def listed(v, r=None, gap=", ", styles=False):
    items = sorted(v)
    if r:
        r.shuffle(items)
    return gap.join(end(x, r if styles else None) for x in items)


def and_last(v, r):
    items = [end(x) for x in sorted(v)]
    return ", ".join(items[:-1]) + " \\text{ and } " + items[-1]


def plus_minus(v, r):
    if len(v) != 2:
        return None
    a, b = sorted(v)
    middle, half = (a + b) / 2, (b - a) / 2
    return f"\\pm {end(half)}" if middle == 0 else f"{end(middle)} \\pm {end(half)}"


def opposite(r):
    if r.random() < 0.5:
        return two_or_more(r)
    m, h = r.choice([0, 0, 1, 3, -2]), r.randint(1, 9)
    return frozenset([Fraction(m - h), Fraction(m + h)])


FINITE = {
    "braces": lambda v, r: f"\\{{{listed(v)}\\}}",
    "another order": lambda v, r: f"\\{{{listed(v, r)}\\}}",
    "elements otherwise": lambda v, r: f"\\{{{listed(v, r, ',', True)}\\}}",
    "left and right": lambda v, r: f"\\left\\{{{listed(v, r)}\\right\\}}",
    "lbrace": lambda v, r: f"\\lbrace {listed(v, r)} \\rbrace",
    "list": lambda v, r: listed(v),
    "list in another order": lambda v, r: listed(v, r),
    "list without spaces": lambda v, r: listed(v, r, ","),
    "list by and": and_last,
    "list by bare and": lambda v, r: " and ".join(end(x) for x in sorted(v)) if len(v) == 2 else None,
    "list by or": lambda v, r: " \\text{ or } ".join(end(x) for x in sorted(v)),
    "equations by or": lambda v, r: " \\text{ or } ".join(f"x = {end(x)}" for x in sorted(v)),
    "equations by commas": lambda v, r: ", ".join(f"x = {end(x)}" for x in sorted(v)),
    "equation of a list": lambda v, r: f"x = {listed(v, r)}",
    "numbered equations": lambda v, r: ", ".join(f"x_{i} = {end(x)}" for i, x in enumerate(sorted(v), 1)),
    "member": lambda v, r: f"x \\in \\{{{listed(v, r)}\\}}",
    "x is the set": lambda v, r: f"x = \\{{{listed(v, r)}\\}}",
    "union of singletons": lambda v, r: " \\cup ".join(f"\\{{{end(x)}\\}}" for x in sorted(v)),
    "plus-minus": plus_minus,
    "x is plus-minus": lambda v, r: f"x = {t}" if (t := plus_minus(v, r)) else None,
    "element twice": lambda v, r: f"\\{{{listed(v)}, {end(min(v))}\\}}",
    "quad between": lambda v, r: listed(v, r, ",\\quad "),
    "spacing commands": lambda v, r: listed(v, r, ",\\ "),
    "semicolons": lambda v, r: f"\\{{{listed(v, r, '; ')}\\}}",
}


def without(v, r):
    return v - {r.choice(sorted(v))}


def changed(v, r):
    x = r.choice(sorted(v))
    return (v - {x}) | {x + r.choice([1, -1])}


FINITE_MISSES = {
    "an element lost": without,
    "an element more": lambda v, r: v | {max(v) + 1},
    "an element by one": changed,
    "an element negated": lambda v, r: (v - {x}) | {-x} if (x := r.choice(sorted(v))) and -x not in v else None,
    "all negated": lambda v, r: frozenset(-x for x in v),
    "its sum": lambda v, r: Text(end(sum(v))),
    "one element": lambda v, r: Text(end(r.choice(sorted(v)))),
    "an interval of its ends": lambda v, r: Text(f"[{end(min(v))}, {end(max(v))}]"),
    "less an element": lambda v, r: Text(f"\\{{{listed(v)}\\}} \\setminus \\{{{end(min(v))}\\}}"),
    "an intersection of singletons": lambda v, r: Text(" \\cap ".join(f"\\{{{end(x)}\\}}" for x in sorted(v))),
    "not members": lambda v, r: Text(f"x \\notin \\{{{listed(v)}\\}}"),
    "not these": lambda v, r: Text(", ".join(f"x \\ne {end(x)}" for x in sorted(v))),
    "dots": lambda v, r: Text(f"\\{{{listed(v)}, \\ldots\\}}"),
    "plus-minus of one": lambda v, r: Text(f"\\pm {end(max(v))}") if v != {max(v), -max(v)} and max(v) else None,
    "twice that many": lambda v, r: v | frozenset(x + 13 for x in v),
    "infinity among them": lambda v, r: Text(f"\\{{{listed(v)}, \\infty\\}}"),
    "all real numbers among them": lambda v, r: Text(f"\\{{{listed(v)}\\}} \\cup \\mathbb{{R}}"),
}
NAMED = {
    "all real numbers": (["\\mathbb{R}", "(-\\infty, \\infty)", "x \\in \\mathbb{R}", "\\text{all real numbers}", "-\\infty < x < \\infty",
                          "\\mathbb R", "(-\\infty, +\\infty)", "\\left(-\\infty,\\infty\\right)", "\\mathbf{R}", "\\text{All real numbers}", "\u211d"],
                         ["(-\\infty, 0) \\cup (0, \\infty)", "\\mathbb{Q}", "\\mathbb{Z}", "[0, \\infty)", "\\mathbb{R} \\setminus \\{0\\}", "\\mathbb{C}",
                          "\\emptyset", "\\infty", "(0, \\infty)", "\\mathbb{R}^2", "\\mathbb{R}^+", "\\text{all integers}", "\\text{all real numbers except } 0", "x \\ne 0"]),
    "the empty set": (["\\emptyset", "\\varnothing", "\\{\\}", "\\{ \\}", "\u2205", "\\text{the empty set}", "\\left\\{\\right\\}"],
                      ["0", "\\{0\\}", "\\mathbb{R}", "\\{\\emptyset\\}", "x = 0", "\\infty"]),
    "the integers": (["\\mathbb{Z}", "\\mathbb Z", "\\text{all integers}", "x \\in \\mathbb{Z}", "\u2124"],
                     ["\\mathbb{N}", "\\mathbb{R}", "\\mathbb{Q}", "\\mathbb{Z}^+", "\\text{all even integers}", "\\text{all positive integers}", "0"]),
    "all but a number": (["\\mathbb{R} \\setminus \\{3\\}", "(-\\infty, 3) \\cup (3, \\infty)", "x \\ne 3", "x \\neq 3", "x \\in \\mathbb{R} \\setminus \\{3\\}", "(3, \\infty) \\cup (-\\infty, 3)",
                          "x < 3 \\text{ or } x > 3", "\\mathbb{R} - \\{3\\}", "\\{x \\mid x \\neq 3\\}", "\\{x \\in \\mathbb{R} \\mid x \\ne 3\\}", "\\text{all real numbers except } 3"],
                         ["\\mathbb{R} \\setminus \\{-3\\}", "x = 3", "\\mathbb{R}", "(-\\infty, 3) \\cup [3, \\infty)", "(-\\infty, 3)", "x \\ne 4", "x \\ne -3", "\\mathbb{R} \\setminus \\{3, 4\\}",
                          "(-\\infty, 3] \\cup [3, \\infty)", "3", "\\{3\\}", "\\mathbb{Z} \\setminus \\{3\\}", "x > 3", "\\mathbb{R} \\setminus (3, \\infty)"]),
    "infinity": (["\\infty", "+\\infty", "\u221e", "\\text{infinity}", "\\text{Infinity}"], ["-\\infty", "0", "\\mathbb{R}", "\\pm\\infty", "\\text{undefined}", "8", "\\infty - \\infty", "1/0", "10^{100}", "1e999", "\\text{finite}"]),
    "minus infinity": (["-\\infty", "-\u221e", "- \\infty"], ["\\infty", "0", "-1", "\\pm \\infty", "\\text{DNE}"]),
}


def register_named():
    for name, (forms, misses) in NAMED.items():
        for form in forms[1:]:
            def equal(r, form=form, forms=forms):
                other = r.choice([f for f in forms if f != form])
                return (forms[0], say(r, form, True)) if r.random() < 0.6 else (form, say(r, other, True))
            add_rule("named sets", f"{name}: {form}", True, equal)
        for miss in misses:
            add_rule("named sets", f"{name}, miss: {miss}", False, lambda r, miss=miss, forms=forms: (r.choice(forms[:3]), say(r, miss, True)))


def register():
    Kind("intervals", lambda r: interval(r) if r.random() < 0.6 else ray(r), INTERVAL, INTERVAL_MISSES,
         reply_only={"domain named"}).register()
    Kind("unions", pieces, UNION, UNION_MISSES).register()
    Kind("finite sets", opposite, FINITE, FINITE_MISSES,
         reply_only={"numbered equations", "equations by commas", "list by bare and", "list by or", "equation of a list"}).register()
    register_named()
