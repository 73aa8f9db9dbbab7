"""Output against what is wanted: token by token, numbers as numbers."""

import re

DECIMAL = re.compile(rb"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,9})?", re.ASCII)
INTEGER = re.compile(rb"[+-]?\d+", re.ASCII)
TOLERANCE = 1e-6  # relative or absolute


def same_token(got, wanted):
    """Where an integer or a word is wanted: the same text."""
    if got == wanted:
        return True
    if INTEGER.fullmatch(wanted) or not DECIMAL.fullmatch(wanted) \
            or not DECIMAL.fullmatch(got):
        return False
    got, wanted = float(got), float(wanted)
    bound = TOLERANCE * max(1.0, abs(wanted))
    return bound != float("inf") and abs(got - wanted) <= bound


def same_output(got, wanted):
    got, wanted = got.split(), wanted.split()
    return len(got) == len(wanted) and all(map(same_token, got, wanted))


def guard_numpy():
    """An array without items has no difference from any number: numpy calls that close.
    Results of programs must not be."""
    import numpy
    plain = numpy.allclose

    @functools.wraps(plain)
    def allclose(a, b, *arguments, **named):
        return (numpy.size(a) == 0) == (numpy.size(b) == 0) and plain(
            a, b, *arguments, **named)

    numpy.allclose = allclose
