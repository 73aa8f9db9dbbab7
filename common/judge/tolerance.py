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
    import numpy.testing

    def guarded(plain, refuse):
        @functools.wraps(plain)
        def compare(a, b, *arguments, **named):
            if (numpy.size(a) == 0) != (numpy.size(b) == 0):
                return refuse()
            return plain(a, b, *arguments, **named)
        return compare

    def differ():
        raise AssertionError("nothing against something")

    numpy.allclose = guarded(numpy.allclose, lambda: False)
    for name in ("assert_allclose", "assert_almost_equal", "assert_array_almost_equal",
                 "assert_equal", "assert_array_equal"):
        setattr(numpy.testing, name, guarded(getattr(numpy.testing, name), differ))
