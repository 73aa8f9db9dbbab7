"""Terms: expressions as trees, with their values and the ways of writing them.

A term is a tuple: ("num", Fraction), ("var", name), ("const", "pi" | "e" | "i"),
("add", a, b, ...), ("mul", a, b, ...), ("neg", a), ("div", a, b), ("pow", a, b),
("root", n, a), ("fn", name, a), ("log", base, a), ("abs", a), ("fact", a), ("binom", a, b).
"""
import cmath
import math
from fractions import Fraction

PI, E, I = ("const", "pi"), ("const", "e"), ("const", "i")


def num(n):
    return ("num", Fraction(n))


def var(name):
    return ("var", name)


def add(*parts):
    return ("add", *parts) if len(parts) > 1 else parts[0]


def mul(*parts):
    return ("mul", *parts) if len(parts) > 1 else parts[0]


def neg(a):
    return ("neg", a)


def div(a, b):
    return ("div", a, b)


def power(a, b):
    return ("pow", a, b if isinstance(b, tuple) else num(b))


def root(a, n=2):
    return ("root", n, a)


def fn(name, a):
    return ("fn", name, a)


FUNCTIONS = {
    "sin": cmath.sin, "cos": cmath.cos, "tan": cmath.tan,
    "cot": lambda z: 1 / cmath.tan(z), "sec": lambda z: 1 / cmath.cos(z),
    "csc": lambda z: 1 / cmath.sin(z), "exp": cmath.exp, "ln": cmath.log,
    "arctan": cmath.atan, "arcsin": cmath.asin, "arccos": cmath.acos,
}
CONSTANTS = {"pi": cmath.pi, "e": cmath.e, "i": 1j}


def value(t, at):
    """Its complex value where the variables are `at`; ArithmeticError where it has none."""
    kind = t[0]
    if kind == "num":
        return complex(float(t[1]))
    if kind == "var":
        return complex(at[t[1]])
    if kind == "const":
        return CONSTANTS[t[1]]
    if kind == "add":
        return sum((value(a, at) for a in t[1:]), 0j)
    if kind == "mul":
        return math.prod((value(a, at) for a in t[1:]), start=1 + 0j)
    if kind == "neg":
        return -value(t[1], at)
    if kind == "div":
        return value(t[1], at) / value(t[2], at)
    if kind == "pow":
        return value(t[1], at) ** value(t[2], at)
    if kind == "root":
        inner = value(t[2], at)
        if abs(inner.imag) < 1e-12 and inner.real < 0 and t[1] % 2 == 1:
            return -((-inner) ** (1 / t[1]))  # the real one
        return inner ** (1 / t[1])
    if kind == "fn":
        return FUNCTIONS[t[1]](value(t[2], at))
    if kind == "log":
        return cmath.log(value(t[2], at)) / cmath.log(value(t[1], at))
    if kind == "abs":
        return complex(abs(value(t[1], at)))
    if kind == "fact":
        return complex(math.factorial(_whole(t[1], at)))
    if kind == "binom":
        return complex(math.comb(_whole(t[1], at), _whole(t[2], at)))
    raise ValueError(kind)


def _whole(t, at):
    z = value(t, at)
    if abs(z - round(z.real)) > 1e-9 or z.real < -0.5:
        raise ArithmeticError("a factorial of no whole number")
    return round(z.real)


def variables(t):
    if t[0] == "var":
        return {t[1]}
    return set().union(*(variables(a) for a in t[1:] if isinstance(a, tuple)), set())


POINTS = [0.37, 1.91, 2.63, 0.83, 3.17, 1.23, 0.59, 2.21]


def gap(a, b):
    """The largest relative difference of two terms over some positive points; None
    where one has no value there."""
    names = sorted(variables(a) | variables(b))
    worst = 0.0
    for k in range(4):
        at = {name: POINTS[(k + 3 * i) % 8] + 0.01 * k for i, name in enumerate(names)}
        try:
            x, y = value(a, at), value(b, at)
        except (ArithmeticError, ValueError):
            return None
        worst = max(worst, abs(x - y) / max(1e-3, abs(x), abs(y)))
    return worst


def same(a, b):
    """True: equal, False: not, None: too near to say, or without a value."""
    g = gap(a, b)
    return None if g is None or 1e-9 < g < 1e-5 else g <= 1e-9


class Style:
    """How to write: LaTeX as gold answers have it, or drawn at random."""

    def __init__(self, r=None):
        pick = (lambda usual, *others: r.choice((usual, usual) + others)) if r else (lambda usual, *others: usual)
        self.frac = pick("\\frac", "\\dfrac", "\\tfrac", "/")
        self.dot = pick("\\cdot ", "\\times ", " \\cdot ")
        self.left, self.right = pick(("(", ")"), ("\\left(", "\\right)"), ("\\left(", "\\right)"))
        self.argument = pick("()", "()", "bare")
        self.power = pick("{}", "{}", "bare")
        self.space = pick(" ", "", " ")
        self.root = pick("sqrt", "sqrt", "power")
        self.juxtapose = pick("", " ", "\\,", "*")


SUM, TERM, SIGNED, FACTOR, ATOM = range(5)


def write(t, style=None):
    return _write(t, style or Style())[0]


def _in(text, level, least, s):
    return text if level >= least else f"{s.left}{text}{s.right}"


def _part(t, least, s):
    text, level = _write(t, s)
    return _in(text, level, least, s)


def _write(t, s):
    """Text and how strongly it binds."""
    return _WRITERS[t[0]](t, s)


def _num(t, s):
    n = t[1]
    if n < 0:
        text, _ = _num(("num", -n), s)
        return "-" + text, SUM
    if n.denominator == 1:
        return str(n), ATOM
    if s.frac == "/":
        return f"{n.numerator}/{n.denominator}", SIGNED
    return f"{s.frac}{{{n.numerator}}}{{{n.denominator}}}", FACTOR


def _add(t, s):
    out = _write(t[1], s)[0]
    for part in t[2:]:
        sign, part = ("-", part[1]) if part[0] == "neg" else ("+", part)
        if part[0] == "num" and part[1] < 0:
            sign, part = ("+" if sign == "-" else "-"), ("num", -part[1])
        out += f"{s.space}{sign}{s.space}" + _part(part, TERM, s)
    return out, SUM


def _mul(t, s):
    out, before = "", None
    for part in t[1:]:
        text, level = _write(part, s)
        text = _in(text, level, FACTOR, s)
        if before is not None:
            if text[0].isdigit() or (text.startswith("\\") and "frac" in text[:6] and before[-1].isdigit()):
                out += s.dot
            elif before[-1].isalpha() and text[0].isalpha():
                out += " "
            elif s.juxtapose == "*" or not before.startswith("\\"):
                out += s.juxtapose if text[0] != "(" or s.juxtapose == "*" else ""
            elif text[0].isalpha():
                out += " "
        out += text
        before = text
    return out, TERM


def _div(t, s):
    if s.frac == "/":
        return f"{_part(t[1], FACTOR, s)}/{_part(t[2], ATOM, s)}", SIGNED
    return f"{s.frac}{{{_write(t[1], s)[0]}}}{{{_write(t[2], s)[0]}}}", FACTOR


def _pow(t, s):
    base = _part(t[1], ATOM, s)
    if t[1][0] == "fn" and t[2][0] == "num" and t[2][1] > 1 and s.argument == "bare":
        return _call(f"\\{t[1][1]}^{{{t[2][1]}}}", t[1][2], s)
    if t[1][0] in ("fn", "log", "pow", "root", "abs", "fact", "binom"):
        base = f"{s.left}{_write(t[1], s)[0]}{s.right}"
    up = _write(t[2], Style() if s.frac != "/" else s)[0]
    return base + (f"^{up}" if s.power == "bare" and len(up) == 1 else f"^{{{up}}}"), FACTOR


def _root(t, s):
    inner = _write(t[2], s)[0]
    if s.root == "power" and t[2][0] == "num":
        return f"{_in(inner, _write(t[2], s)[1], ATOM, s)}^{{1/{t[1]}}}", FACTOR
    return ("\\sqrt" if t[1] == 2 else f"\\sqrt[{t[1]}]") + f"{{{inner}}}", ATOM


def _call(name, t, s):
    text, level = _write(t, s)
    if s.argument == "bare" and level == ATOM:
        return f"{name} {text}", SIGNED
    return f"{name}{s.left}{text}{s.right}", FACTOR


_WRITERS = {
    "num": _num,
    "var": lambda t, s: ("\\" + t[1] + " " if len(t[1]) > 1 else t[1], ATOM),
    "const": lambda t, s: ("\\pi " if t[1] == "pi" else t[1], ATOM),
    "add": _add,
    "mul": _mul,
    "neg": lambda t, s: ("-" + _part(t[1], TERM, s), SUM),
    "div": _div,
    "pow": _pow,
    "root": _root,
    "fn": lambda t, s: _call(f"\\{t[1]}", t[2], s),
    "log": lambda t, s: _call(f"\\log_{{{_write(t[1], s)[0]}}}", t[2], s),
    "abs": lambda t, s: (f"|{_write(t[1], s)[0]}|", ATOM),
    "fact": lambda t, s: (_part(t[1], ATOM, s) + "!", FACTOR),
    "binom": lambda t, s: (f"\\binom{{{_write(t[1], s)[0]}}}{{{_write(t[2], s)[0]}}}", ATOM),
}


def plain(t):
    """For sympy, of which this file knows nothing but its notation."""
    kind = t[0]
    if kind == "num":
        return f"Rational({t[1].numerator},{t[1].denominator})"
    if kind == "var":
        return f"Symbol('{t[1]}',positive=True)"
    if kind == "const":
        return {"pi": "pi", "e": "E", "i": "I"}[t[1]]
    if kind in ("add", "mul"):
        return "(" + ("+" if kind == "add" else "*").join(plain(a) for a in t[1:]) + ")"
    if kind == "neg":
        return f"(-{plain(t[1])})"
    if kind == "div":
        return f"({plain(t[1])}/{plain(t[2])})"
    if kind == "pow":
        return f"({plain(t[1])}**{plain(t[2])})"
    if kind == "root":
        return f"real_root({plain(t[2])},{t[1]})" if t[1] % 2 else f"sqrt({plain(t[2])})" if t[1] == 2 else f"root({plain(t[2])},{t[1]})"
    if kind == "fn":
        return {"arctan": "atan", "arcsin": "asin", "arccos": "acos"}.get(t[1], t[1]) + f"({plain(t[2])})"
    if kind == "log":
        return f"(log({plain(t[2])})/log({plain(t[1])}))"
    return {"abs": "Abs", "fact": "factorial", "binom": "binomial"}[kind] + "(" + ",".join(plain(a) for a in t[1:]) + ")"
