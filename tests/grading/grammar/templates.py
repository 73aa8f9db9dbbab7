"""Where a reply gives its answer, what hides it, and what only pretends to give it."""
import os
from fractions import Fraction

from .numbers import commas, frac
from .rule import KINDS, add as add_rule

MARKS = {"\u21b5": "\n", "\u240d": "\r", "\u2409": "\t", "\u2420": " ", "\u2423": "\u00a0", "\u2422": "\u200b", "\u2400": ""}
TRUTH = {"equal": True, "unequal": False, "either": None}

LONG = {
    "equal behind 20,000 characters": (True, lambda n, m: "We try a number. " * 1200 + f"\\boxed{{{n}}}"),
    "equal before 20,000 characters": (True, lambda n, m: f"\\boxed{{{n}}}\n" + "This was checked. " * 1200),
    "equal behind a hundred boxes": (
        True, lambda n, m: "".join(f"Try \\boxed{{{k}}}. No, this fails.\n" for k in range(100)) + f"At last \\boxed{{{n}}}"),
    "hundred boxes, the gold among them": (
        False, lambda n, m: "".join(f"\\boxed{{{k}}} " for k in range(100)) + f"\\boxed{{{n}}} \\boxed{{{m}}}"),
    "a list of all numbers": (False, lambda n, m: "\\boxed{" + ", ".join(map(str, range(-50, 50))) + f", {n}}}"),
    "alternatives of all numbers": (
        False, lambda n, m: "\\boxed{" + " \\text{ or } ".join(map(str, range(30))) + f" \\text{{ or }} {n}}}"),
    "an equation of all numbers": (False, lambda n, m: "\\boxed{" + f"{n} = " + " = ".join(map(str, range(9, 29))) + "}"),
    "zeros behind it": (False, lambda n, m: f"\\boxed{{1{'0' * 5000}}}"),
    "a thousand parentheses": (False, lambda n, m: "\\boxed{" + "(" * 1000 + m + ")" * 1000 + "}"),
    "a thousand open braces": (False, lambda n, m: "\\boxed{" * 1000 + m),
    "nested fractions": (False, lambda n, m: "\\boxed{" + "\\frac{1}{" * 300 + m + "}" * 300 + "}"),
    "a thousand terms": (False, lambda n, m: "\\boxed{" + "+".join(["x"] * 1000) + "}"),
    "nested powers": (False, lambda n, m: "\\boxed{" + "2^{" * 100 + m + "}" * 100 + "}"),
    "ten thousand empty boxes": (False, lambda n, m: "\\boxed{" + m + "}" + "\\boxed{}" * 10000),
    "forty thousand marks": (False, lambda n, m: "#" * 40000 + f" {m}"),
}
# Where a fraction's LaTeX would make another answer than the template means.
WHOLE_ONLY = ("@n@n", "@n1", ".@n", "1@n", "@n 0", "@n @m", "@n,5", "@n.5", "@n : 2", "@n_", "@n'", "th root", "bmod", "gcd", "\\text{@n}", "\\textit{@n}", "\\phantom", "\\hspace", "\\overline{@n", "a_@n", "@n / @m", "^0 +", "@c")


def read():
    """Of replies.txt: (family, truth, verifier, kind of gold, line) of each template."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "replies.txt")
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            line = line.rstrip("\n")
            if line.startswith("["):
                family, rest = line[1:].split("] ")
                truth, verifier = rest.split(",")[0].split()
                gold = rest.partition(", ")[2]
            elif line and not line.startswith("//"):
                yield family, TRUTH[truth], verifier, gold, line


def written(line):
    for mark, text in MARKS.items():
        line = line.replace(mark, text)
    return line


def wholes(r, template):
    if "@c" in template:
        n = r.randint(1001, 999999)
    elif "@n,0" in template or "@n,5" in template:
        n = r.randint(2, 900)  # no thousands of its own
    else:
        n = r.randint(3, 99) if r.random() < 0.7 else r.randint(100, 99999)
    return [n, n + r.choice([1, 2, 10, n]), n + r.choice([3, 4, 30, 5 * n])]


def fractions(r):
    q = r.choice([3, 4, 5, 7, 9])
    n = Fraction(r.choice([k for k in range(2, 41) if k % q]), q)
    return [frac(v.numerator, v.denominator) for v in (n, n + 1, n + 3)]


def values(r, template, verifier):
    """The gold and two others."""
    whole = verifier != "math" or any(mark in template for mark in WHOLE_ONLY)
    return wholes(r, template) if whole or r.random() < 0.75 else fractions(r)


def filled(template, n, m, k):
    out = template.replace("@n", str(n)).replace("@m", str(m)).replace("@k", str(k))
    return out.replace("@c", commas(n)) if "@c" in out else out


# Thousands in the wrong places: gold, reply.
COMMAS = [("56", "5,6"), ("123", "1,23"), ("123", "12,3"), ("1234", "12,34"), ("1234", "1,23,4"), ("1234", "123,4"),
          ("12345", "1,2345"), ("12345", "123,45"), ("100000", "1,000,00"), ("1000000", "10,00,000"), ("1234", ",1234"),
          ("1234", "1,,234"), ("1234", "1 ,234"), ("1234", "1, 234"), ("1000", "1.000"), ("1234567", "1234,567"),
          ("1234567", "1,234567"), ("56", "5 6"), ("56", "5_6"), ("56", "5'6"), ("1234", "1.234"), ("5", "5,0"),
          ("50", "5,0"), ("1", "1,000"), ("12", "1,2")]
COMMAS_EQUAL = [("1234", "1,234"), ("1234567", "1,234,567"), ("12000", "12,000"), ("123456", "123,456"), ("1,234", "1234"),
                ("1,234", "1,234"), ("1000", "1,000.00"), ("1000", "1,000."), ("2500.50", "2,500.5"), ("0.5", ".5"),
                ("2.50", "2.5"), ("1000", "$1,000 a year")]


def register():
    for family, equal, verifier, gold, line in read():
        def make(r, template=written(line), verifier=verifier, gold=gold):
            if gold == "any gold":
                return r.choice(KINDS).gold(r), template
            found = values(r, template, verifier)
            return ("-" if gold else "") + str(found[0]), filled(template, *found)
        add_rule(family, line + (f" ({gold})" if gold == "gold negative" else ""), equal, make, verifier)
    for name, (equal, text) in LONG.items():
        def long(r, text=text):
            n = r.randint(1003, 99999)
            return str(n), text(str(n), str(n + 1))
        add_rule("long replies", name, equal, long)
    for equal, pairs in ((False, COMMAS), (True, COMMAS_EQUAL)):
        for gold, reply in pairs:
            add_rule("####", f"{reply} for {gold}", equal, lambda r, gold=gold, reply=reply: (gold, f"#### {reply}"), "number")
