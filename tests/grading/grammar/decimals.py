"""Forms of a terminating decimal."""
from fractions import Fraction

from .numbers import RATIO, changed_digit, commas, decimal, fixed, frac, places, scientific
from .rule import Kind, Text


def point(r):
    v = Fraction(r.randint(1, 99999), 10**r.randint(1, 4))
    if v.denominator == 1:
        return point(r)
    return -v if r.random() < 0.2 else v


def with_commas(v, mark=","):
    if v < 1000 or v.denominator == 1:
        return None
    head, tail = decimal(v).split(".")
    return commas(int(head), mark) + "." + tail


POINT = {
    "plain": decimal,
    "zeros behind": lambda v, r: decimal(v) + "0" * r.randint(1, 3),
    "no zero in front": lambda v, r: decimal(v).replace("0.", ".", 1) if abs(v) < 1 else None,
    "frac": lambda v, r: RATIO["frac"](v, r),
    "slash": lambda v, r: RATIO["slash"](v, r),
    "over a power of ten": lambda v, r: frac(v * 10**(d := places(v)), 10**d),
    "over a power of ten, written as one": lambda v, r: f"\\frac{{{v * 10**(d := places(v))}}}{{10^{{{d}}}}}",
    "mixed": lambda v, r: RATIO["mixed"](v, r),
    "scientific": scientific,
    "scientific by cdot": lambda v, r: scientific(v, r, "\\cdot"),
    "thousands by commas": lambda v, r: with_commas(v),
    "thousands by {,}": lambda v, r: with_commas(v, "{,}"),
    "whole part and rest": lambda v, r: f"{v.numerator // v.denominator} + {decimal(v % 1)}" if v > 1 else None,
    "times a tenth": lambda v, r: f"{decimal(v * 10) or v * 10} \\times 0.1" if places(v * 10) else None,
    "text": lambda v, r: f"\\text{{{decimal(v)}}}",
    "point in braces": lambda v, r: decimal(v).replace(".", "{.}"),
    "named": lambda v, r: f"x = {decimal(v)}",
    "sum": lambda v, r: f"{decimal(v - Fraction(1, 4))} + 0.25" if v > 1 and places(v - Fraction(1, 4)) else None,
    "dollars": lambda v, r: f"${decimal(v)}$",
}
POINT_MISSES = {
    "another digit": lambda v, r: Fraction(changed_digit(decimal(v), r)),
    "point moved": lambda v, r: v * r.choice([10, 100, Fraction(1, 10)]) if places(v * 10) else None,
    "point lost": lambda v, r: Text(decimal(v).replace(".", "")),
    "sign": lambda v, r: -v,
    "last place rounded off": lambda v, r: Text(fixed(v, places(v) - 1)) if places(v) > 1 else None,
    "last place cut off": lambda v, r: Text(fixed(v, places(v) - 1, True)),
    "a digit more": lambda v, r: v + Fraction(r.choice([1, -1]), 10**(places(v) + 1)),
    "a billionth more": lambda v, r: v + Fraction(1, 10**9),
    "1e-13 more": lambda v, r: v + Fraction(1, 10**13),
    "1e-20 more": lambda v, r: v + Fraction(1, 10**20),
    "a zero between": lambda v, r: Text(decimal(v).replace(".", ".0")),
    "one more": lambda v, r: v + 1,
    "two points": lambda v, r: Text(decimal(v) + ".1"),
    "whole part alone": lambda v, r: Text(decimal(v).split(".")[0]),
    "to the power of ten": lambda v, r: Text(f"{decimal(v)} \\times 10^{{{r.choice([1, 2, 3, -1, -2])}}}"),
}


def register():
    Kind("decimals", point, POINT, POINT_MISSES, reply_only={"named"}).register()
