"""Forms of one rational number: whole, fractional, decimal; exact by fractions.Fraction."""
from fractions import Fraction

from .rule import Kind, Text


def whole(r):
    size = r.choice([9, 20, 99, 999, 12345, 10**6, 10**9])
    n = r.randint(2, size)
    return -n if r.random() < 0.25 else n


def positive(r):
    return abs(whole(r))


def commas(n, mark=","):
    return f"{n:,}".replace(",", mark)


def frac(p, q, command="\\frac"):
    return f"{command}{{{p}}}{{{q}}}"


def places(value):
    """Decimal places of a terminating decimal, or None."""
    q, twos, fives = Fraction(value).denominator, 0, 0
    while q % 2 == 0:
        q, twos = q // 2, twos + 1
    while q % 5 == 0:
        q, fives = q // 5, fives + 1
    return max(twos, fives) if q == 1 else None


def fixed(value, digits, truncate=False):
    """Value with so many places, rounded half up (away from 0) or cut off."""
    scaled = abs(Fraction(value)) * 10**digits
    n = scaled.numerator // scaled.denominator
    if not truncate and scaled - n >= Fraction(1, 2):
        n += 1
    text = str(n).rjust(digits + 1, "0")
    text = text[:-digits] + "." + text[-digits:] if digits else text
    return ("-" if value < 0 else "") + text


def decimal(value, r=None):
    digits = places(value)
    return None if digits is None else fixed(value, digits)


def changed_digit(text, r):
    at = [i for i, c in enumerate(text) if c.isdigit()]
    i = r.choice(at)
    return text[:i] + r.choice([d for d in "123456789" if d != text[i]]) + text[i + 1:]


def swapped_digits(n, r):
    text = str(abs(n))
    at = [i for i in range(len(text) - 1) if text[i] != text[i + 1] and text[i + 1] != "0"]
    if not at:
        return None
    i = r.choice(at)
    out = int(text[:i] + text[i + 1] + text[i] + text[i + 2:])
    return -out if n < 0 else out


def kind_of_sum(n, r):
    a = r.randint(1, 50)
    return f"{a} + {n - a}" if n > a else None


def product(n, r):
    by = [k for k in (2, 3, 5, 7) if n % k == 0]
    return f"{n // by[0]}" + r.choice([" \\cdot ", " \\times ", "\\cdot"]) + f"{by[0]}" if by else None


def quotient(n, r):
    k = r.randint(2, 12)
    return frac(n * k, k)


def magnitude(name, size):
    def form(n, r):
        return f"{n // size}\\text{{ {name}}}" if n % size == 0 and n // size < 1000 else None
    return form


def scientific(value, r, times="\\times"):
    value = Fraction(value)
    if value == 0 or places(value) is None:
        return None
    exponent, mantissa = 0, value
    while abs(mantissa) >= 10:
        mantissa, exponent = mantissa / 10, exponent + 1
    while abs(mantissa) < 1:
        mantissa, exponent = mantissa * 10, exponent - 1
    return f"{decimal(mantissa)} {times} 10^{{{exponent}}}"


WHOLE = {
    "plain": lambda n, r: str(n),
    "plus sign": lambda n, r: f"+{n}" if n > 0 else None,
    "point zero": lambda n, r: f"{n}.0",
    "zero places": lambda n, r: f"{n}.00",
    "trailing point": lambda n, r: f"{n}.",
    "thousands by commas": lambda n, r: commas(n) if abs(n) > 999 else None,
    "thousands by {,}": lambda n, r: commas(n, "{,}") if abs(n) > 999 else None,
    "thousands by thin spaces": lambda n, r: commas(n, "\\,") if abs(n) > 999 else None,
    "thousands by ,\\!": lambda n, r: commas(n, ",\\!") if abs(n) > 999 else None,
    "thousands by thick spaces": lambda n, r: commas(n, "\\;") if abs(n) > 999 else None,
    "thousands by backslash space": lambda n, r: commas(n, "\\ ") if abs(n) > 999 else None,
    "thousands by tildes": lambda n, r: commas(n, "~") if abs(n) > 999 else None,
    "text": lambda n, r: f"\\text{{{n}}}",
    "textbf": lambda n, r: f"\\textbf{{{n}}}",
    "mathrm": lambda n, r: f"\\mathrm{{{n}}}",
    "mathbf": lambda n, r: f"\\mathbf{{{n}}}",
    "dollars": lambda n, r: f"${n}$",
    "asterisks": lambda n, r: f"**{n}**",
    "braces": lambda n, r: f"{{{n}}}",
    "parentheses": lambda n, r: f"({n})",
    "left right": lambda n, r: f"\\left({n}\\right)",
    "spaces": lambda n, r: f"  {n} ",
    "spacing commands": lambda n, r: f"\\,{n}\\;",
    "tilde": lambda n, r: f"~{n}",
    "displaystyle": lambda n, r: f"\\displaystyle {n}",
    "box in a box": lambda n, r: f"\\boxed{{{n}}}",
    "over one": lambda n, r: frac(n, 1),
    "twice negative": lambda n, r: f"-({-n})",
    "sum": kind_of_sum,
    "difference": lambda n, r: f"{n + (k := r.randint(1, 40))} - {k}",
    "product": product,
    "quotient": quotient,
    "quotient by slash": lambda n, r: f"{n * 6}/6",
    "quotient by div": lambda n, r: f"{n * 4} \\div 4",
    "root of its square": lambda n, r: f"\\sqrt{{{n * n}}}" if 0 < n < 10**6 else None,
    "cube root of its cube": lambda n, r: f"\\sqrt[3]{{{n ** 3}}}" if 0 < n < 10**4 else None,
    "its square to 1/2": lambda n, r: f"{n * n}^{{1/2}}" if 0 < n < 10**6 else None,
    "bars": lambda n, r: f"|{-n}|" if n > 0 else None,
    "floor": lambda n, r: f"\\lfloor {n}.{r.randint(1, 9)} \\rfloor" if n > 0 else None,
    "ceiling": lambda n, r: f"\\lceil {n - 1}.{r.randint(1, 9)} \\rceil" if n > 1 else None,
    "named x": lambda n, r: f"x = {n}",
    "named n": lambda n, r: f"n={n}",
    "named by a word": lambda n, r: f"\\text{{Area}} = {n}",
    "value of a function": lambda n, r: f"f(3) = {n}",
    "sum with its value": lambda n, r: f"{n - 3} + 3 = {n}" if n > 3 else None,
    "Unicode minus": lambda n, r: f"\u2212{-n}" if n < 0 else None,
    "minus in braces": lambda n, r: f"{{-}}{-n}" if n < 0 else None,
    "minus and space": lambda n, r: f"- {-n}" if n < 0 else None,
    "scientific": scientific,
    "one power of ten": lambda n, r: f"{n // 10} \\times 10" if n % 10 == 0 else None,
    "star": lambda n, r: f"{n // 2}*2" if n % 2 == 0 and n > 0 else None,
    "no-break space": lambda n, r: f"\u00a0{n}",
    "color": lambda n, r: f"\\color{{red}}{n}",
    "gcd": lambda n, r: f"\\gcd({2 * n}, {3 * n})" if 0 < n < 10**6 else None,
    "maximum": lambda n, r: f"\\max({n}, {n - r.randint(1, 5)})",
}
WHOLE_MISSES = {
    "one more": lambda n, r: n + 1,
    "one less": lambda n, r: n - 1,
    "sign lost or gained": lambda n, r: -n,
    "ten times": lambda n, r: 10 * n,
    "twice": lambda n, r: 2 * n,
    "another digit": lambda n, r: int(changed_digit(str(n), r)),
    "two digits swapped": swapped_digits,
    "last digit dropped": lambda n, r: int(str(n)[:-1]) if abs(n) > 9 else None,
    "last digit doubled": lambda n, r: int(str(n) + str(n)[-1]),
    "squared": lambda n, r: n * n if n > 1 else None,
    "a tenth": lambda n, r: Text(decimal(Fraction(n, 10))) if n % 10 else None,
    "and a half": lambda n, r: Text(f"{n}.5"),
    "a millionth more": lambda n, r: Text(f"{n}.000001"),
    "1e-15 more": lambda n, r: Text(f"{n}.000000000000001"),
    "reciprocal": lambda n, r: Text(frac(1, n)),
    "minus its root's square": lambda n, r: Text(f"-{n}^2") if 0 < n < 10**5 else None,
    "a factor in front of a half": lambda n, r: Text(f"{2 * n}\\frac{{1}}{{2}}") if n > 0 else None,
    "its root": lambda n, r: Text(f"\\sqrt{{{abs(n)}}}") if abs(n) > 1 else None,
    "thousandth by a comma for a point": lambda n, r: Text(decimal(Fraction(n, 1000))) if n % 1000 else None,
    "commas in the wrong place": lambda n, r: Text(f"{str(n)[:2]},{str(n)[2:]}") if n > 9999 and len(str(n)) % 3 != 2 else None,
}


def big(r):
    return r.randint(10**17, 10**r.randint(18, 40))


BIG = {
    "plain": lambda n, r: str(n),
    "thousands by commas": lambda n, r: commas(n),
    "thousands by {,}": lambda n, r: commas(n, "{,}"),
    "point zero": lambda n, r: f"{n}.0",
    "sum": lambda n, r: f"{n - 10**16} + {10**16}",
    "parts by a power of ten": lambda n, r: f"{n // 1000} \\cdot 10^3 + {n % 1000}",
    "quotient": quotient,
}
BIG_MISSES = {
    "one more": lambda n, r: n + 1,
    "another digit": lambda n, r: int(changed_digit(str(n), r)),
    "last digit": lambda n, r: n // 10 * 10 + (n + r.randint(1, 9)) % 10,
    "rounded to sixteen digits": lambda n, r: n - n % 10**(len(str(n)) - 16),
    "2^61 - 1 more": lambda n, r: n + 2**61 - 1,
    "2^64 more": lambda n, r: n + 2**64,
    "2^63 less": lambda n, r: n - 2**63 if n > 2**64 else None,
    "as a float": lambda n, r: int(float(n)),
    "sign": lambda n, r: -n,
}


def ratio(r):
    q = r.choice([2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 15, 16, 20, 25, 27, 36, 40, 60, 99, 101])
    value = Fraction(r.randint(1, r.choice([9, 40, 200])), q)
    if value.denominator == 1:
        return ratio(r)
    return -value if r.random() < 0.25 else value


def signed(text):
    """A fraction's form with the sign in front; `text` makes it of p and q."""
    return lambda v, r: ("-" if v < 0 else "") + text(abs(v.numerator), v.denominator)


def bare_frac(v, r):
    p, q = abs(v.numerator), v.denominator
    if p > 9:
        return None
    return ("-" if v < 0 else "") + f"\\frac{p if q > 9 else p}" + (f"{{{q}}}" if q > 9 else f"{q}")


def mixed(layout):
    def form(v, r):
        p, q = abs(v.numerator), v.denominator
        return ("-" if v < 0 else "") + layout(p // q, p % q, q) if p > q else None
    return form


def repeating(v, dots=False):
    """0.1\\overline{6}; the sign in front."""
    p, q = abs(v.numerator), v.denominator
    head, rest, seen, digits = p // q, p % q, {}, ""
    while rest and rest not in seen:
        seen[rest] = len(digits)
        digits += str(rest * 10 // q)
        rest = rest * 10 % q
    if not rest or len(digits) > 20:
        return None
    start = seen[rest]
    period = digits[start:]
    if dots:
        if len(period) > 2:
            return None
        tail = "".join(f"\\dot{{{d}}}" for d in period)
    else:
        tail = f"\\overline{{{period}}}"
    return ("-" if v < 0 else "") + f"{head}.{digits[:start]}{tail}"


VULGAR = {Fraction(1, 2): "\u00bd", Fraction(1, 4): "\u00bc", Fraction(3, 4): "\u00be"}


def two_parts(v, r):
    part = Fraction(r.randint(1, 9), r.choice([2, 3, 5, 7]))
    rest = v - part
    if rest <= 0:
        return None
    return f"{frac(part.numerator, part.denominator)} + {frac(rest.numerator, rest.denominator)}"


RATIO = {
    "frac": signed(frac),
    "dfrac": signed(lambda p, q: frac(p, q, "\\dfrac")),
    "tfrac": signed(lambda p, q: frac(p, q, "\\tfrac")),
    "cfrac": signed(lambda p, q: frac(p, q, "\\cfrac")),
    "nicefrac": signed(lambda p, q: frac(p, q, "\\nicefrac")),
    "sfrac": signed(lambda p, q: frac(p, q, "\\sfrac")),
    "slash": signed(lambda p, q: f"{p}/{q}"),
    "slash with spaces": signed(lambda p, q: f"{p} / {q}"),
    "slash in parentheses": signed(lambda p, q: f"({p}/{q})"),
    "over": signed(lambda p, q: f"{{{p} \\over {q}}}"),
    "div": signed(lambda p, q: f"{p} \\div {q}"),
    "division sign": signed(lambda p, q: f"{p} \u00f7 {q}"),
    "frac without braces": bare_frac,
    "frac with half its braces": lambda v, r: f"\\frac{{{v.numerator}}}{v.denominator}" if v.denominator < 10 else None,
    "frac and spaces": signed(lambda p, q: f"\\frac {{{p}}} {{{q}}}"),
    "minus above": lambda v, r: frac(v.numerator, v.denominator) if v < 0 else None,
    "minus below": lambda v, r: frac(-v.numerator, -v.denominator) if v < 0 else None,
    "minus twice": lambda v, r: frac(-v.numerator, -v.denominator) if v > 0 else None,
    "not reduced": lambda v, r: frac(v.numerator * (k := r.randint(2, 15)), v.denominator * k),
    "not reduced, slash": lambda v, r: f"{v.numerator * (k := r.randint(2, 15))}/{v.denominator * k}",
    "decimal": decimal,
    "decimal with zeros": lambda v, r: d + "00" if (d := decimal(v)) else None,
    "without the zero": lambda v, r: d.replace("0.", ".", 1) if (d := decimal(v)) and abs(v) < 1 else None,
    "overline": lambda v, r: repeating(v),
    "dots over digits": lambda v, r: repeating(v, True),
    "mixed": mixed(lambda n, p, q: f"{n}\\frac{{{p}}}{{{q}}}"),
    "mixed with a space": mixed(lambda n, p, q: f"{n} \\frac{{{p}}}{{{q}}}"),
    "mixed, dfrac": mixed(lambda n, p, q: f"{n}\\dfrac{{{p}}}{{{q}}}"),
    "mixed, thin space": mixed(lambda n, p, q: f"{n}\\,\\frac{{{p}}}{{{q}}}"),
    "mixed, slash": mixed(lambda n, p, q: f"{n} {p}/{q}"),
    "mixed as a sum": lambda v, r: mixed(lambda n, p, q: f"{n} + \\frac{{{p}}}{{{q}}}")(v, r) if v > 0 else None,
    "inverse of the reciprocal": lambda v, r: f"\\left({frac(v.denominator, v.numerator)}\\right)^{{-1}}",
    "power -1": lambda v, r: f"{v.numerator} \\cdot {v.denominator}^{{-1}}",
    "times one part": lambda v, r: f"{v.numerator} \\cdot {frac(1, v.denominator)}",
    "one over the reciprocal": lambda v, r: frac(1, f"{frac(v.denominator, v.numerator)}") if v > 0 else None,
    "fraction in a fraction": lambda v, r: frac(frac(v.numerator, 3), frac(v.denominator, 3)),
    "decimals above and below": lambda v, r: frac(decimal(Fraction(v.numerator, 10)), decimal(Fraction(v.denominator, 10))),
    "sum of two": two_parts,
    "one less the rest": lambda v, r: f"1 - {frac((1 - v).numerator, (1 - v).denominator)}" if 0 < v < 1 else None,
    "named": lambda v, r: f"x = {frac(v.numerator, v.denominator)}",
    "probability": lambda v, r: f"P(A) = {frac(v.numerator, v.denominator)}" if 0 < v < 1 else None,
    "vulgar": lambda v, r: VULGAR.get(v) if v in VULGAR else (
        f"{v.numerator // v.denominator}{VULGAR[v % 1]}" if v > 1 and v % 1 in VULGAR else None),
    "displaystyle": signed(lambda p, q: f"\\displaystyle\\frac{{{p}}}{{{q}}}"),
    "left right": lambda v, r: f"\\left({frac(v.numerator, v.denominator)}\\right)",
    "text around the parts": signed(lambda p, q: f"\\frac{{\\text{{{p}}}}}{{\\text{{{q}}}}}"),
    "thousands in the parts": lambda v, r: frac(commas(v.numerator * 1001), commas(v.denominator * 1001)) if v > 0 else None,
}


def cut(v, r, least, most):
    """Places cut off, where that is not the rounding."""
    digits = r.randint(least, most)
    text = fixed(v, digits, True)
    return Text(text) if text != fixed(v, digits) and Fraction(text) != v else None


def ends(v, r, digits):
    """Rounded to so many places with the last digit wrong by more than the rounding."""
    if places(v) is not None and places(v) <= digits:
        return None
    n = Fraction(fixed(v, digits)) + Fraction(r.choice([2, 3, -2, -3]), 10**digits)
    return Text(fixed(n, digits))


def digits_once(v, r):
    """The repeating digits without their mark, where that is no rounding of six places."""
    text = repeating(v)
    text = text and text.replace("\\overline{", "").replace("}", "")
    return Text(text) if text and (len(text.split(".")[1]) < 6 or text != fixed(v, len(text.split(".")[1]))) else None


def short(v, r):
    digits = r.randint(1, 3)
    text = fixed(v, digits)
    return Text(text) if Fraction(text) != v else None


RATIO_MISSES = {
    "reciprocal": lambda v, r: 1 / v,
    "sign": lambda v, r: -v,
    "numerator by one": lambda v, r: Fraction(v.numerator + r.choice([1, -1]), v.denominator) or None,
    "denominator by one": lambda v, r: Fraction(v.numerator, v.denominator + 1),
    "complement": lambda v, r: 1 - v if 0 < v < 1 else None,
    "twice": lambda v, r: v * 2,
    "half": lambda v, r: v / 2,
    "one more": lambda v, r: v + 1,
    "numerator alone": lambda v, r: Text(str(v.numerator)),
    "denominator alone": lambda v, r: Text(str(v.denominator)),
    "whole part lost": lambda v, r: v % 1 if v > 1 else None,
    "whole part times the rest": lambda v, r: Text(f"{n} \\cdot {frac(v.numerator % v.denominator, v.denominator)}") if (n := v.numerator // v.denominator) > 0 and n * (v % 1) != v else None,
    "rounded to few places": short,
    "cut off, few places": lambda v, r: cut(v, r, 2, 5),
    "cut off, six to eleven places": lambda v, r: cut(v, r, 6, 11),
    "cut off, twelve to thirty places": lambda v, r: cut(v, r, 12, 30),
    "last of six places": lambda v, r: ends(v, r, 6),
    "last of nine places": lambda v, r: ends(v, r, 9),
    "last of thirteen places": lambda v, r: ends(v, r, 13),
    "last of twenty places": lambda v, r: ends(v, r, 20),
    "a hundred times": lambda v, r: v * 100,
    "point moved": lambda v, r: v * r.choice([10, Fraction(1, 10)]),
    "numerator and denominator as a decimal": lambda v, r: Text(f"{v.numerator}.{v.denominator}") if v > 0 and Fraction(f"{v.numerator}.{v.denominator}") != v else None,
    "squared": lambda v, r: v * v,
    "its root": lambda v, r: Text(f"\\sqrt{{{frac(v.numerator, v.denominator)}}}") if v > 0 and v != 1 else None,
    "root below": lambda v, r: Text(f"\\frac{{{v.numerator}}}{{\\sqrt{{{v.denominator}}}}}"),
    "repeating digits lost": digits_once,
}


def register():
    Kind("whole numbers", whole, WHOLE, WHOLE_MISSES,
         reply_only={"asterisks", "trailing point", "named x", "named n", "box in a box", "named by a word", "value of a function",
                     "sum with its value", "color"}).register()
    Kind("large numbers", big, BIG, BIG_MISSES).register()
    Kind("fractions", ratio, RATIO, RATIO_MISSES, reply_only={"probability", "named"}).register()
