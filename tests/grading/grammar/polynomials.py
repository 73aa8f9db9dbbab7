"""Forms of one polynomial with whole roots; coefficients stand lowest first."""
from fractions import Fraction

from .rule import Kind


def multiply(a, b):
    out = [Fraction(0)] * (len(a) + len(b) - 1)
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            out[i + j] += x * y
    return out


def monomial(k, d, x):
    k = Fraction(k)
    body = "" if d == 0 else x if d == 1 else f"{x}^{d}" if d < 10 else f"{x}^{{{d}}}"
    size = abs(k)
    text = str(size) if size.denominator == 1 else f"\\frac{{{size.numerator}}}{{{size.denominator}}}"
    return ("" if size == 1 and d else text) + body


def joined(terms):
    """Signed texts as a sum: [(sign, text)]."""
    out = ""
    for sign, text in terms:
        out += (f" {sign} " if out else "-" if sign == "-" else "") + text
    return out or "0"


def terms_of(coefficients, x):
    return [("-" if k < 0 else "+", monomial(k, d, x)) for d, k in reversed(list(enumerate(coefficients))) if k]


def expanded(coefficients, x):
    return joined(terms_of(coefficients, x))


def binomial_text(a, x):
    return x if a == 0 else f"({x} {'-' if a > 0 else '+'} {abs(a)})"


def sample_product(r):
    """(lead, roots, name) of a polynomial with whole roots."""
    lead = r.choice([1, 1, 1, 2, 3, -1, -2])
    return lead, tuple(sorted(r.choice([0, 1, 2, 3, 4, 5, 7, -1, -2, -3, -5, -6]) for _ in range(r.randint(2, 4)))), r.choice("xyntk")


def coefficients(v):
    out = [Fraction(v[0])]
    for a in v[1]:
        out = multiply(out, [Fraction(-a), Fraction(1)])
    return out


def factored(v, r, roots=None, dot=""):
    roots = list(v[1]) if roots is None else roots
    front = {1: "", -1: "-"}.get(v[0], str(v[0]))
    return front + dot.join(sorted((binomial_text(a, v[2]) for a in roots), key=len))


def with_powers(v, r):
    counts_of = {a: v[1].count(a) for a in sorted(set(v[1]), key=lambda a: (a != 0, a))}
    front = {1: "", -1: "-"}.get(v[0], str(v[0]))
    return front + "".join(binomial_text(a, v[2]) + (f"^{n}" if n > 1 else "") for a, n in counts_of.items())


def horner(v, r):
    c = coefficients(v)
    text = monomial(c[-1], 0, v[2])
    text = "-" + text if c[-1] < 0 else text
    for i, k in enumerate(reversed(c[:-1])):
        text = f"{v[2]}({text})" if i else f"{text}{v[2]}"
        text += f" {'-' if k < 0 else '+'} {abs(k)}" if k else ""
    return text


def part_expanded(v, r):
    if len(v[1]) < 3:
        return None
    inner = expanded(coefficients((1, v[1][1:], v[2])), v[2])
    return {1: "", -1: "-"}.get(v[0], str(v[0])) + binomial_text(v[1][0], v[2]) + f"({inner})"


def completed_square(v, r):
    if len(v[1]) != 2 or v[0] != 1:
        return None
    c = coefficients(v)
    h, k = -c[1] / 2, c[0] - c[1] ** 2 / 4
    if h.denominator != 1 or h == 0:
        return None
    return f"({v[2]} {'-' if h > 0 else '+'} {abs(h)})^2" + (f" {'-' if k < 0 else '+'} {abs(k)}" if k else "")


def turned_factors(v, r):
    """(3 - x)(x - 1) with the sign in front."""
    a = v[1][-1]
    if a <= 0:
        return None
    rest = factored((1, v[1][:-1], v[2]), r)
    return {1: "-", -1: ""}.get(v[0], f"{-v[0]}") + f"({a} - {v[2]}){rest}"


def coefficient_form(change):
    def form(v, r):
        c = coefficients(v)
        return change(c, v[2], r)
    return form


def over_two(c, x, r):
    return f"\\frac{{{expanded([2 * k for k in c], x)}}}{{2}}"


def from_lowest(c, x, r):
    return joined(list(reversed(terms_of(c, x))))


def shuffled_terms(c, x, r):
    terms = terms_of(c, x)
    r.shuffle(terms)
    return joined(terms)


def braced_powers(c, x, r):
    return joined([(s, t.replace("^", "^{") + "}" if "^" in t else t) for s, t in terms_of(c, x)])


def starred(c, x, r):
    return joined([(s, t.replace(x, "*" + x) if t[0] != x else t) for s, t in terms_of(c, x)])


PRODUCTS = {
    "expanded": coefficient_form(lambda c, x, r: expanded(c, x)),
    "factored": factored,
    "factored, repeated factors as powers": with_powers,
    "factors by cdot": lambda v, r: factored(v, r, dot=" \\cdot "),
    "factors in another order": lambda v, r: factored(v, r, r.sample(v[1], len(v[1])), " "),
    "Horner": horner, "one factor split off": part_expanded, "square completed": completed_square,
    "a factor turned": turned_factors, "over 2": coefficient_form(over_two), "lowest first": coefficient_form(from_lowest),
    "terms shuffled": coefficient_form(shuffled_terms), "powers in braces": coefficient_form(braced_powers),
    "stars": coefficient_form(starred),
}


def another_root(v, r):
    i = r.randrange(len(v[1]))
    return v[0], tuple(sorted(v[1][:i] + (v[1][i] + r.choice([1, -1]),) + v[1][i + 1:])), v[2]


PRODUCT_MISSES = {
    "another root": another_root,
    "roots negated": lambda v, r: (v[0], tuple(sorted(-a for a in v[1])), v[2]),
    "one root negated": lambda v, r: (v[0], tuple(sorted((-v[1][0],) + v[1][1:])), v[2]),
    "a factor lost": lambda v, r: (v[0], v[1][1:], v[2]),
    "a factor twice": lambda v, r: (v[0], tuple(sorted(v[1] + v[1][:1])), v[2]),
    "another lead": lambda v, r: (v[0] + 1 or 2, v[1], v[2]),
    "negated": lambda v, r: (-v[0], v[1], v[2]),
    "another variable": lambda v, r: (v[0], v[1], r.choice([c for c in "xyzntk" if c != v[2]])),
}


def register():
    Kind("products of factors", sample_product, PRODUCTS, PRODUCT_MISSES,
         key=lambda v: (tuple(coefficients(v)), v[2])).register()
