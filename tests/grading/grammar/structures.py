"""Tuples, sets of tuples, matrices, equations, numbers in a base, ratios, times of day."""
from fractions import Fraction

from .polynomials import joined, monomial
from .rule import Kind, Text
from .sets import end, point


def several(r, least=2, most=3):
    v = tuple(point(r) for _ in range(r.randint(least, most)))
    return v if len(set(v)) > 1 else several(r, least, most)


def inside(v, r=None, gap=", "):
    return gap.join(end(x, r) for x in v)


def at(v, i, x):
    return v[:i] + (x,) + v[i + 1:]


EMPTY = ["[9, 4)", "(7, 1]", "[5, 2]", "(3, 3]", "\\emptyset", "\\{\\}", "x > 5 \\text{ and } x < 2", "[4, -4)", "(1, 0) \\cap (5, 6)", "\\varnothing",
         "(8, 8)", "[0, -1) \\cup [3, 2)", "\\{x \\mid x < x\\}", "(\\infty, -\\infty)", "\\mathbb{R} \\setminus \\mathbb{R}"]
TUPLE = {
    "parentheses": lambda v, r: f"({inside(v)})",
    "without spaces": lambda v, r: f"({inside(v, None, ',')})",
    "left and right": lambda v, r: f"\\left({inside(v)}\\right)",
    "left and right, spaced": lambda v, r: f"\\left( {inside(v)} \\right)",
    "elements otherwise": lambda v, r: f"({inside(v, r)})",
    "Big": lambda v, r: f"\\Big({inside(v)}\\Big)",
    "spacing": lambda v, r: "(" + inside(v, None, ",\\, ") + ")",
    "named": lambda v, r: f"({'x, y, z'[:3 * len(v) - 2]}) = ({inside(v)})",
    "named point": lambda v, r: f"P = ({inside(v)})",
    "text around": lambda v, r: f"\\text{{({inside(v)})}}" if "\\" not in inside(v) else None,
}
TUPLE_MISSES = {
    "two exchanged": lambda v, r: (v[1], v[0]) + v[2:],
    "reversed": lambda v, r: v[::-1],
    "one by one": lambda v, r: at(v, i, v[i] + 1) if (i := r.randrange(len(v))) >= 0 else None,
    "one negated": lambda v, r: at(v, i, -v[i]) if (i := r.randrange(len(v))) >= 0 else None,
    "one lost": lambda v, r: v[:-1] if len(v) > 2 else None,
    "one more": lambda v, r: v + (Fraction(0),),
    "all negated": lambda v, r: tuple(-x for x in v),
    "one twice": lambda v, r: v + v[-1:],
    "first alone": lambda v, r: Text(end(v[0])),
    "its sum": lambda v, r: Text(end(sum(v))),
    "in brackets": lambda v, r: Text(f"[{inside(v)}]") if len(v) == 2 and v[0] < v[1] else None,
    "a bracket on the left": lambda v, r: Text(f"[{inside(v)})"),
    "a bracket on the right": lambda v, r: Text(f"({inside(v)}]"),
    "an empty set": lambda v, r: Text(r.choice(EMPTY)),
    "two tuples": lambda v, r: Text(f"({inside(v)}), ({inside(v[::-1])})"),
    "or another": lambda v, r: Text(f"({inside(v)}) \\text{{ or }} ({inside(tuple(x + 1 for x in v))})"),
    "one infinite": lambda v, r: Text(f"({inside(v[:-1])}, \\infty)"),
}


def pairs(r):
    v = frozenset((Fraction(r.randint(-9, 9)), Fraction(r.randint(-9, 9))) for _ in range(r.randint(2, 3)))
    return v if len(v) > 1 and any(a != b for a, b in v) else pairs(r)


def points(v, r=None, gap=", "):
    items = sorted(v)
    if r:
        r.shuffle(items)
    return gap.join(f"({inside(p, None, ',')})" for p in items)


PAIRS = {
    "list": lambda v, r: points(v),
    "another order": lambda v, r: points(v, r),
    "braces": lambda v, r: f"\\{{{points(v, r)}\\}}",
    "and": lambda v, r: points(v, r, " \\text{ and } ") if len(v) == 2 else None,
    "left and right": lambda v, r: points(v, r).replace("(", "\\left(").replace(")", "\\right)"),
    "named": lambda v, r: f"(x,y) = {points(v, r)}",
    "or": lambda v, r: points(v, r, " \\text{ or } "),
}


def cross(v, r):
    (a, b), (c, d) = sorted(v)[:2]
    return frozenset(sorted(v)[2:]) | {(a, d), (c, b)}


PAIRS_MISSES = {
    "one lost": lambda v, r: v - {min(v)},
    "one more": lambda v, r: v | {(Fraction(10), Fraction(11))},
    "within each exchanged": lambda v, r: frozenset((b, a) for a, b in v),
    "within one exchanged": lambda v, r: (v - {p}) | {p[::-1]} if (p := max(v)) else None,
    "partners exchanged": cross,
    "a sign": lambda v, r: (v - {p}) | {(p[0], -p[1])} if (p := max(v)) else None,
    "an empty set": lambda v, r: Text(r.choice(EMPTY)),
    "a number more": lambda v, r: Text(points(v) + ", 5"),
    "flat": lambda v, r: Text(", ".join(inside(p) for p in sorted(v))),
}


def matrix(r):
    rows, columns = r.choice([(2, 2), (2, 2), (3, 3), (2, 3), (2, 1), (3, 1)])
    return tuple(tuple(Fraction(r.randint(-9, 9), r.choice([1, 1, 1, 2, 3])) for _ in range(columns)) for _ in range(rows))


def body(v, r=None, line=" \\\\ "):
    return line.join(" & ".join(end(x, r) for x in row) for row in v)


def environment(name):
    return lambda v, r: f"\\begin{{{name}}} {body(v)} \\end{{{name}}}"


MATRIX = {
    "pmatrix": environment("pmatrix"),
    "bmatrix": environment("bmatrix"),
    "elements otherwise": lambda v, r: f"\\begin{{pmatrix}} {body(v, r)} \\end{{pmatrix}}",
    "without spaces": lambda v, r: f"\\begin{{pmatrix}}{body(v, None, chr(92) * 2)}\\end{{pmatrix}}".replace(" & ", "&"),
    "lines": lambda v, r: "\\begin{pmatrix}\n" + body(v, None, " \\\\\n") + "\n\\end{pmatrix}",
    "last line ended": lambda v, r: f"\\begin{{pmatrix}} {body(v)} \\\\ \\end{{pmatrix}}",
    "matrix in parentheses": lambda v, r: f"\\left(\\begin{{matrix}} {body(v)} \\end{{matrix}}\\right)",
    "array": lambda v, r: f"\\left[\\begin{{array}}{{{'c' * len(v[0])}}} {body(v)} \\end{{array}}\\right]",
    "named": lambda v, r: f"A = \\begin{{pmatrix}} {body(v)} \\end{{pmatrix}}",
    "space between lines": lambda v, r: f"\\begin{{pmatrix}} {body(v, None, ' ' + chr(92) * 2 + '[4pt] ')} \\end{{pmatrix}}" if len(v) > 1 else None,
}
MATRIX_MISSES = {
    "transposed": lambda v, r: tuple(zip(*v)),
    "lines exchanged": lambda v, r: (v[1], v[0]) + v[2:],
    "an element by one": lambda v, r: ((v[0][0] + 1,) + v[0][1:],) + v[1:],
    "an element negated": lambda v, r: v[:-1] + (v[-1][:-1] + (-v[-1][-1],),),
    "negated": lambda v, r: tuple(tuple(-x for x in row) for row in v),
    "a line lost": lambda v, r: v[:-1],
    "a line twice": lambda v, r: v + v[-1:],
    "determinant": lambda v, r: Text(f"\\begin{{vmatrix}} {body(v)} \\end{{vmatrix}}") if len(v) == len(v[0]) else None,
    "in one line": lambda v, r: Text(f"({', '.join(end(x) for row in v for x in row)})") if len(v[0]) > 1 else None,
    "inverse": lambda v, r: Text(f"{MATRIX['pmatrix'](v, r)}^{{-1}}") if len(v) == len(v[0]) == 2 and v[0][0] * v[0][0] + v[0][1] * v[1][0] != 1 else None,
}


def line(r):
    """(m, c): y = m x + c"""
    return Fraction(r.choice([-5, -4, -3, -2, 2, 3, 4, 5, 7]), r.choice([1, 1, 2, 3])), Fraction(r.choice([-8, -5, -3, -1, 1, 2, 4, 6, 9]))


def slope_form(v, x="x"):
    m, c = v
    return joined([("-" if m < 0 else "+", monomial(m, 1, x)), ("-" if c < 0 else "+", monomial(c, 0, x))])


def general(v, r, zero=True, times=1):
    """a x + b y + c = 0 in whole numbers."""
    m, c = v
    q = m.denominator * times
    terms = [(m * q, 1, "x"), (Fraction(-q), 1, "y")] + ([(c * q, 0, "x")] if zero else [])
    text = joined([("-" if k < 0 else "+", monomial(k, d, x)) for k, d, x in terms])
    return f"{text} = {0 if zero else -c * q}"


LINE = {
    "y = m x + c": lambda v, r: f"y = {slope_form(v)}",
    "sides exchanged": lambda v, r: f"{slope_form(v)} = y",
    "text": lambda v, r: f"\\text{{y = {slope_form(v)}}}" if "\\" not in slope_form(v) else None,
    "= 0": general,
    "constant on the right": lambda v, r: general(v, r, False),
    "doubled": lambda v, r: general(v, r, True, 2),
    "negated": lambda v, r: general(v, r, True, -1),
    "constant first": lambda v, r: f"y = {end(v[1])} {'-' if v[0] < 0 else '+'} {monomial(v[0], 1, 'x')}",
    "without spaces": lambda v, r: f"y={slope_form(v)}".replace(" ", ""),
    "through a point": lambda v, r: f"y - {end(v[0] + v[1])} = {monomial(v[0], 0, 'x') if v[0] > 0 else '-' + monomial(-v[0], 0, 'x')}(x - 1)" if v[0] + v[1] > 0 else None,
    "slope outside": lambda v, r: f"y = {'-' if v[0] < 0 else ''}{monomial(v[0], 0, 'x')}\\left(x {'-' if v[1] / v[0] < 0 else '+'} {end(abs(v[1] / v[0]))}\\right)",
}
LINE_MISSES = {
    "slope negated": lambda v, r: (-v[0], v[1]),
    "constant negated": lambda v, r: (v[0], -v[1]),
    "slope turned over": lambda v, r: (1 / v[0], v[1]),
    "constant by one": lambda v, r: (v[0], v[1] + 1),
    "slope by one": lambda v, r: (v[0] + 1 or Fraction(2), v[1]),
    "perpendicular": lambda v, r: (-1 / v[0], v[1]),
    "names exchanged": lambda v, r: Text(f"x = {slope_form(v, 'y')}") if (1 / v[0], -v[1] / v[0]) != v else None,
    "a relation": lambda v, r: Text(f"y {r.choice(['<', '>', chr(92) + 'le', chr(92) + 'ne'])} {slope_form(v)}"),
    "slope alone": lambda v, r: Text(end(v[0])),
    "0 = 0": lambda v, r: Text(r.choice(["0 = 0", "y = y", "1 = 1", "y - y = x - x", "0x = 0", "0 \\cdot (y - x) = 0"])),
    "1 = 0": lambda v, r: Text(r.choice(["1 = 0", "y = y + 1"])),
    "squared": lambda v, r: Text(f"y^2 = ({slope_form(v)})^2"),
    "times x": lambda v, r: Text(f"xy = x({slope_form(v)})"),
}


def ring(r):
    """(a, b, s): the circle (x - a)^2 + (y - b)^2 = s"""
    return r.choice([-5, -3, -2, 1, 2, 4, 7]), r.choice([-6, -4, -1, 2, 3, 5]), r.choice([2, 5, 9, 16, 25, 49])


def shifted(a, x):
    return f"({x} {'-' if a > 0 else '+'} {abs(a)})^2"


def expanded_ring(v, r):
    a, b, s = v
    terms = [(1, 2, "x"), (1, 2, "y"), (-2 * a, 1, "x"), (-2 * b, 1, "y"), (a * a + b * b - s, 0, "x")]
    return joined([("-" if k < 0 else "+", monomial(k, d, x)) for k, d, x in terms if k]) + " = 0"


RING = {
    "centre and radius": lambda v, r: f"{shifted(v[0], 'x')} + {shifted(v[1], 'y')} = {v[2]}",
    "radius squared": lambda v, r: f"{shifted(v[0], 'x')} + {shifted(v[1], 'y')} = {int(v[2] ** .5)}^2" if int(v[2] ** .5) ** 2 == v[2] else None,
    "expanded": expanded_ring,
    "= 0": lambda v, r: f"{shifted(v[0], 'x')} + {shifted(v[1], 'y')} - {v[2]} = 0",
    "y first": lambda v, r: f"{shifted(v[1], 'y')} + {shifted(v[0], 'x')} = {v[2]}",
    "sides exchanged": lambda v, r: f"{v[2]} = {shifted(v[0], 'x')} + {shifted(v[1], 'y')}",
    "as a quotient": lambda v, r: f"\\frac{{{shifted(v[0], 'x')}}}{{{v[2]}}} + \\frac{{{shifted(v[1], 'y')}}}{{{v[2]}}} = 1",
    "doubled": lambda v, r: f"2{shifted(v[0], 'x')} + 2{shifted(v[1], 'y')} = {2 * v[2]}",
}
RING_MISSES = {
    "centre mirrored": lambda v, r: (-v[0], -v[1], v[2]),
    "a coordinate mirrored": lambda v, r: (v[0], -v[1], v[2]),
    "coordinates exchanged": lambda v, r: (v[1], v[0], v[2]),
    "radius for its square": lambda v, r: Text(f"{shifted(v[0], 'x')} + {shifted(v[1], 'y')} = {int(v[2] ** .5)}") if v[2] > 5 else None,
    "a minus between": lambda v, r: Text(f"{shifted(v[0], 'x')} - {shifted(v[1], 'y')} = {v[2]}"),
    "inside": lambda v, r: Text(f"{shifted(v[0], 'x')} + {shifted(v[1], 'y')} \\le {v[2]}"),
    "cubes": lambda v, r: Text(f"{shifted(v[0], 'x')} + {shifted(v[1], 'y')} = {v[2]}".replace("^2", "^3")),
    "half doubled": lambda v, r: Text(f"2{shifted(v[0], 'x')} + 2{shifted(v[1], 'y')} = {v[2]}"),
}


def in_base(r):
    """(digits, base)"""
    base = r.choice([2, 3, 4, 5, 6, 7, 8, 9])
    return str(r.randint(1, base - 1)) + "".join(str(r.randrange(base)) for _ in range(r.randint(2, 6))), base


NAMES = {2: "two", 3: "three", 4: "four", 5: "five", 6: "six", 7: "seven", 8: "eight", 9: "nine"}
BASE = {
    "subscript": lambda v, r: f"{v[0]}_{v[1]}",
    "subscript in braces": lambda v, r: f"{v[0]}_{{{v[1]}}}",
    "text around the digits": lambda v, r: f"\\text{{{v[0]}}}_{v[1]}",
    "parentheses": lambda v, r: f"({v[0]})_{{{v[1]}}}",
    "subscript named": lambda v, r: f"{v[0]}_{{\\text{{{NAMES[v[1]]}}}}}",
    "space": lambda v, r: f"{v[0]} _{v[1]}",
}
BASE_MISSES = {
    "another digit": lambda v, r: (v[0][:-1] + str((int(v[0][-1]) + 1) % v[1]), v[1]),
    "another base": lambda v, r: (v[0], v[1] + 1 if v[1] < 9 else None) if v[1] < 9 else None,
    "digits reversed": lambda v, r: (v[0][::-1], v[1]) if v[0][-1] != "0" else None,
    "a digit more": lambda v, r: (v[0] + "0", v[1]),
    "another value": lambda v, r: Text(str(int(v[0], v[1]) + 1)) if str(int(v[0], v[1]) + 1) != v[0] else None,
    "a factor": lambda v, r: Text(f"{v[0]} \\cdot {v[1]}"),
    "a power": lambda v, r: Text(f"{v[0]}^{v[1]}"),
}


def proportion(r):
    return tuple(r.sample([1, 2, 3, 5, 7, 11, 13], r.choice([2, 2, 3])))


PROPORTION = {
    "colon": lambda v, r: ":".join(map(str, v)),
    "spaced": lambda v, r: " : ".join(map(str, v)),
    "colon command": lambda v, r: "\\colon ".join(map(str, v)),
    "colon in braces": lambda v, r: "{:}".join(map(str, v)),
    "text": lambda v, r: f"\\text{{{':'.join(map(str, v))}}}",
}
PROPORTION_MISSES = {
    "exchanged": lambda v, r: (v[1], v[0]) + v[2:],
    "one by one": lambda v, r: (v[0] + 1,) + v[1:],
    "one more": lambda v, r: v + (17,),
    "one lost": lambda v, r: v[:-1] if len(v) > 2 else None,
    "as a point": lambda v, r: Text(".".join(map(str, v[:2]))),
    "a sum": lambda v, r: Text(f"{v[0]} + {v[1]}"),
}


def hour(r):
    return r.randint(1, 12), r.randint(10, 59), r.choice(["a.m.", "p.m."])


HOUR = {
    "text": lambda v, r: f"{v[0]}:{v[1]}\\text{{ {v[2]}}}",
    "colon in braces": lambda v, r: f"{v[0]}{{:}}{v[1]}\\text{{ {v[2]}}}",
    "capitals": lambda v, r: f"{v[0]}:{v[1]}\\text{{ {v[2].upper().replace('.', '')}}}",
    "no points": lambda v, r: f"{v[0]}:{v[1]} \\text{{ {v[2].replace('.', '')}}}",
    "all text": lambda v, r: f"\\text{{{v[0]}:{v[1]} {v[2]}}}",
    "bare": lambda v, r: f"{v[0]}:{v[1]} {v[2].upper().replace('.', '')}",
}
HOUR_MISSES = {
    "the other half of the day": lambda v, r: (v[0], v[1], "a.m." if v[2] == "p.m." else "p.m."),
    "an hour later": lambda v, r: (v[0] % 12 + 1, v[1], v[2]),
    "a minute later": lambda v, r: (v[0], v[1] + 1, v[2]) if v[1] < 59 else None,
    "a point for the colon": lambda v, r: Text(f"{v[0]}.{v[1]}"),
    "hour alone": lambda v, r: Text(f"{v[0]}\\text{{ {v[2]}}}"),
    "a quotient": lambda v, r: Text(f"\\frac{{{v[0]}}}{{{v[1]}}}"),
}


def register():
    Kind("tuples", several, TUPLE, TUPLE_MISSES, reply_only={"named point"}).register()
    Kind("sets of points", pairs, PAIRS, PAIRS_MISSES, reply_only={"named", "or"}).register()
    Kind("matrices", matrix, MATRIX, MATRIX_MISSES, reply_only={"named"}).register()
    Kind("lines", line, LINE, LINE_MISSES).register()
    Kind("circles", ring, RING, RING_MISSES).register()
    Kind("numbers in a base", in_base, BASE, BASE_MISSES).register()
    Kind("ratios", proportion, PROPORTION, PROPORTION_MISSES).register()
    Kind("times of day", hour, HOUR, HOUR_MISSES).register()
