"""Checks the generator's own truth by sympy: truth.py [ROUNDS [SEED]].

Run by a Python that has sympy.  The two terms behind each pair of expressions are
evaluated by sympy to thirty digits at rational points and must agree, or differ, as the
generator says.  Prints how many pairs were checked; exit status 1 where one is not true.
"""
import sys
from fractions import Fraction
from multiprocessing import Pool

import sympy

sys.dont_write_bytecode = True
from generate import rows  # noqa: E402

POINTS = [Fraction(3, 7), Fraction(19, 11), Fraction(31, 13), Fraction(13, 17), Fraction(61, 19)]
NAMES = {name: getattr(sympy, name) for name in dir(sympy) if not name.startswith("_")}


def values(text, k):
    term = eval(text, dict(NAMES))  # written by term.plain, no text of a model's
    names = sorted(term.free_symbols, key=str)
    point = {x: sympy.Rational(*POINTS[(k + sum(map(ord, str(x)))) % 5].as_integer_ratio()) for x in names}
    return sympy.N(term.subs(point), 40)


def true(row):
    gaps = []
    for k in range(3):
        a, b = (values(text, k) for text in row["terms"])
        if not (a.is_finite and b.is_finite):
            return False
        gaps.append(abs(a - b) / max(1, abs(a)))
    return max(gaps) < 1e-20 if row["equal"] else max(gaps) > 1e-9


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    chosen = [row for row in rows(seed, rounds) if "terms" in row]
    with Pool() as pool:
        wrong = [row for row, ok in zip(chosen, pool.imap(true, chosen, chunksize=16)) if not ok]
    for row in wrong[:20]:
        print(f"not true: {row}")
    print(f"sympy: {len(chosen) - len(wrong)} of {len(chosen)} pairs of expressions are as the generator says")
    sys.exit(1 if wrong or not chosen else 0)


if __name__ == "__main__":
    main()
