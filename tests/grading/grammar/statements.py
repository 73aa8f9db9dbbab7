"""Several values by name, congruences, durations, choices of several, exact and rounded values."""
from fractions import Fraction

from .numbers import decimal, fixed, frac
from .rule import Kind, Text
from .sets import end


def named_values(r):
    names = r.choice(["ab", "xy", "mn", "pq", "xyz", "abc"])
    v = tuple((name, Fraction(r.randint(-9, 20), r.choice([1, 1, 1, 2]))) for name in names)
    return v if len({x for _, x in v}) == len(v) else named_values(r)


def equations(v, gap=", ", space=" "):
    return gap.join(f"{name}{space}={space}{end(x)}" for name, x in v)


NAMED_VALUES = {
    "commas": lambda v, r: equations(v),
    "without spaces": lambda v, r: equations(v, ",", ""),
    "and": lambda v, r: equations(v, " \\text{ and } ") if len(v) == 2 else None,
    "another order": lambda v, r: equations(r.sample(v, len(v))),
    "tuple": lambda v, r: f"({', '.join(n for n, _ in v)}) = ({', '.join(end(x) for _, x in v)})",
    "quad": lambda v, r: equations(v, ",\\quad "),
    "semicolons": lambda v, r: equations(v, "; "),
    "values otherwise": lambda v, r: ", ".join(f"{n} = {end(x, r)}" for n, x in v),
}
NAMED_VALUES_MISSES = {
    "two values exchanged": lambda v, r: ((v[0][0], v[1][1]), (v[1][0], v[0][1])) + v[2:],
    "a value by one": lambda v, r: ((v[0][0], v[0][1] + 1),) + v[1:],
    "a value negated": lambda v, r: v[:-1] + ((v[-1][0], -v[-1][1]),),
    "one lost": lambda v, r: Text(equations(v[1:])),
    "one more": lambda v, r: v + (("t", Fraction(1)),),
    "relation": lambda v, r: Text(equations(v).replace("=", ">", 1)),
    "values alone, exchanged": lambda v, r: Text(f"({', '.join(end(x) for _, x in v[::-1])})"),
    "sum": lambda v, r: Text(end(sum(x for _, x in v))),
}


def congruence(r):
    m = r.randint(3, 40)
    return r.randint(1, m - 1), m


CONGRUENCE = {
    "pmod": lambda v, r: f"{v[0]} \\pmod{{{v[1]}}}",
    "equivalence": lambda v, r: f"x \\equiv {v[0]} \\pmod{{{v[1]}}}",
    "pmod without braces": lambda v, r: f"{v[0]} \\pmod {v[1]}" if v[1] < 10 else None,
    "mod in parentheses": lambda v, r: f"{v[0]} \\ (\\text{{mod }}{v[1]})",
    "operatorname": lambda v, r: f"x \\equiv {v[0]} \\ (\\operatorname{{mod}} {v[1]})",
}
CONGRUENCE_MISSES = {
    "another residue": lambda v, r: ((v[0] + 1) % v[1], v[1]) if (v[0] + 1) % v[1] else None,
    "another modulus": lambda v, r: (v[0], v[1] + 1),
    "exchanged": lambda v, r: Text(f"{v[1]} \\pmod{{{v[0]}}}"),
    "not": lambda v, r: Text(f"x \\not\\equiv {v[0]} \\pmod{{{v[1]}}}"),
    "negated": lambda v, r: ((-v[0]) % v[1], v[1]),
}


def duration(r):
    return r.choice([1, 2, 3, 4, 6, 7, 8, 9, 11]), r.choice([5, 10, 12, 15, 20, 24, 30, 40, 45, 48])


DURATION = {
    "text": lambda v, r: f"{v[0]}\\text{{ hours }}{v[1]}\\text{{ minutes}}",
    "and": lambda v, r: f"{v[0]}\\text{{ hours and }}{v[1]}\\text{{ minutes}}",
    "one text": lambda v, r: f"\\text{{{v[0]} hours {v[1]} minutes}}",
    "bare": lambda v, r: f"{v[0]} hours {v[1]} minutes",
    "short": lambda v, r: f"{v[0]}\\text{{ h }}{v[1]}\\text{{ min}}",
}
DURATION_MISSES = {
    "an hour more": lambda v, r: (v[0] + 1, v[1]),
    "a minute more": lambda v, r: (v[0], v[1] + 1),
    "exchanged": lambda v, r: Text(f"{v[1]}\\text{{ hours }}{v[0]}\\text{{ minutes}}"),
    "hours alone": lambda v, r: Text(f"{v[0]}\\text{{ hours}}"),
    "minutes alone": lambda v, r: Text(f"{v[1]}\\text{{ minutes}}"),
    "a point": lambda v, r: Text(f"{v[0]}.{v[1]}\\text{{ hours}}"),
    "days": lambda v, r: Text(f"{v[0]}\\text{{ days }}{v[1]}\\text{{ minutes}}"),
    "seconds": lambda v, r: Text(f"{v[0]}\\text{{ hours }}{v[1]}\\text{{ seconds}}"),
}


def letters(r):
    return frozenset(r.sample("ABCDE", r.choice([2, 2, 3])))


CHOICES = {
    "commas": lambda v, r: ", ".join(sorted(v)),
    "text": lambda v, r: f"\\text{{{', '.join(sorted(v))}}}",
    "texts": lambda v, r: ", ".join(f"\\text{{{c}}}" for c in sorted(v)),
    "and": lambda v, r: " \\text{ and } ".join(sorted(v)) if len(v) == 2 else None,
    "all in text": lambda v, r: f"\\text{{{' and '.join(sorted(v))}}}" if len(v) == 2 else None,
    "another order": lambda v, r: ", ".join(r.sample(sorted(v), len(v))),
    "without spaces": lambda v, r: ",".join(sorted(v)),
    "braces": lambda v, r: f"\\{{{', '.join(sorted(v))}\\}}",
}
CHOICES_MISSES = {
    "one lost": lambda v, r: v - {max(v)},
    "one more": lambda v, r: v | {min(set("ABCDE") - v)},
    "one otherwise": lambda v, r: (v - {min(v)}) | {max(set("ABCDE") - v)},
    "all": lambda v, r: Text("A, B, C, D, E"),
    "the others": lambda v, r: Text(", ".join(sorted(set("ABCDE") - v))),
}


def ratio(r):
    v = Fraction(r.randint(1, 60), r.choice([3, 6, 7, 9, 11, 12, 13]))
    return v if v.denominator not in (1, 2, 4) and decimal(v) is None else ratio(r)


def near(v, digits, shift=0):
    return fixed(v + Fraction(shift, 10**digits), digits)


ABOUT = {
    "exact": lambda v, r: frac(v.numerator, v.denominator),
    "exact and rounded": lambda v, r: f"{frac(v.numerator, v.denominator)} \\approx {near(v, r.randint(2, 4))}",
    "equal fractions": lambda v, r: f"{frac(2 * v.numerator, 2 * v.denominator)} = {frac(v.numerator, v.denominator)}",
    "named, equal fractions": lambda v, r: f"x = {frac(3 * v.numerator, 3 * v.denominator)} = {frac(v.numerator, v.denominator)}",
}
ABOUT_MISSES = {
    "another, rounded": lambda v, r: v + Fraction(1, v.denominator),
    "rounded alone": lambda v, r: Text(f"\\approx {near(v, 2)}"),
    "another that is about its rounding": lambda v, r: Text(f"{frac(v.numerator + 1, v.denominator)} \\approx {near(v, 2)}"),
    "two that differ": lambda v, r: Text(f"{frac(v.numerator, v.denominator)} = {frac(v.numerator + 1, v.denominator)}"),
    "two alternatives": lambda v, r: Text(f"{frac(v.numerator, v.denominator)} \\text{{ or }} {frac(v.numerator + 1, v.denominator)}"),
    "less": lambda v, r: Text(f"< {frac(v.numerator, v.denominator)}"),
}


def register():
    Kind("values by name", named_values, NAMED_VALUES, NAMED_VALUES_MISSES, key=lambda v: frozenset(v)).register()
    Kind("congruences", congruence, CONGRUENCE, CONGRUENCE_MISSES).register()
    Kind("durations", duration, DURATION, DURATION_MISSES).register()
    Kind("several choices", letters, CHOICES, CHOICES_MISSES).register()
    Kind("exact and rounded", ratio, ABOUT, ABOUT_MISSES, reply_only=set(ABOUT) - {"exact"}).register()
