"""numpy's arrays as containers, and its numbers as Python's, where numpy is loaded."""

import sys

NUMERIC = "biufcSUmM"  # kinds of an array's items: no objects


def array_shape(value):
    if value.dtype.kind not in NUMERIC:
        raise TypeError("an array of objects does not travel")
    return f"{value.dtype.str}|{','.join(map(str, value.shape))}"


def make_array(shape, kind):
    import numpy
    know_arrays()
    name, _, sizes = shape.partition("|")
    dtype = numpy.dtype(name)
    if dtype.kind not in NUMERIC:
        raise Broken("an array of objects")
    return numpy.zeros([int(size) for size in sizes.split(",") if size], dtype)


def fill_numbers(value, items):
    numbers = sys.modules["numpy"].frombuffer(items[0], value.dtype)
    value[...] = numbers.reshape(value.shape)


ARRAY = Container("ndarray", None, lambda a: [a.tobytes()], fill_numbers, make_array,
                  array_shape)
CONTAINER_NAMED["ndarray"] = ARRAY


def know_arrays():
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        CONTAINER_OF[numpy.ndarray] = ARRAY


def is_of_numpy(value):
    """An array, or one of numpy's numbers, that is met for the first time."""
    numpy = sys.modules.get("numpy")
    return numpy is not None and (type(value) is numpy.ndarray
                                  or isinstance(value, numpy.generic))


def from_numpy(value):
    know_arrays()
    return value if type(value) in CONTAINER_OF else value.item()
