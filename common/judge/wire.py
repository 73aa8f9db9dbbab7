"""What the examiner and the runner say to each other, over one socket pair.

The examiner trusts nothing that comes: values from the runner are unpickled with every
global refused, so no code of the sender runs and no class is reached.  What is not one
of the plain builtin types travels as (kind, payload), rebuilt by the table below; an
object of the program's own classes stays in the runner, and a number stands for it.
"""

import collections
import collections.abc
import datetime
import decimal
import fractions
import io
import itertools
import os
import pickle

MAX_MESSAGE = 1 << 25
MAX_ITEMS = 1 << 18  # of an iterator that a program returns
NATIVE = frozenset((type(None), bool, int, float, str, bytes, bytearray, list, tuple,
                    dict, set, frozenset))


class Broken(Exception):
    """The peer has gone or does not keep to the protocol."""


def read_exactly(fd, size):
    parts, missing = [], size
    while missing:
        part = os.read(fd, min(missing, 1 << 20))
        if not part:
            raise Broken("end of stream")
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)


def write_all(fd, data):
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view):]


def send_bytes(fd, data):
    if len(data) > MAX_MESSAGE:
        raise Broken("too long a message")
    write_all(fd, len(data).to_bytes(4, "little") + data)


def receive_bytes(fd):
    size = int.from_bytes(read_exactly(fd, 4), "little")
    if size > MAX_MESSAGE:
        raise Broken("too long a message")
    return read_exactly(fd, size)


# The program's side: values out.

def plain_items(items):
    return list(itertools.islice(items, MAX_ITEMS))


DESCRIBED = (  # the first type that fits; what it becomes in the examiner
    (int, "int", int.__int__),
    (float, "float", float.__float__),
    (str, "str", str.__str__),
    (bytes, "bytes", bytes),
    (tuple, "tuple", tuple),
    (list, "list", list),
    (collections.Counter, "Counter", dict),
    (collections.OrderedDict, "OrderedDict", lambda d: list(d.items())),
    (dict, "dict", dict),
    (set, "set", set),
    (frozenset, "frozenset", frozenset),
    (collections.deque, "deque", lambda d: (list(d), d.maxlen)),
    (complex, "complex", lambda c: (c.real, c.imag)),
    (range, "range", lambda r: (r.start, r.stop, r.step)),
    (slice, "slice", lambda s: (s.start, s.stop, s.step)),
    (decimal.Decimal, "Decimal", str),
    (fractions.Fraction, "Fraction", lambda f: (f.numerator, f.denominator)),
    (datetime.datetime, "datetime", datetime.datetime.isoformat),
    (datetime.date, "date", datetime.date.isoformat),
    (datetime.time, "time", datetime.time.isoformat),
    (datetime.timedelta, "timedelta", lambda t: (t.days, t.seconds, t.microseconds)),
    (collections.abc.KeysView, "keys", plain_items),
    (collections.abc.ValuesView, "values", plain_items),
    (collections.abc.ItemsView, "items", plain_items),
    (collections.abc.Iterator, "iterator", plain_items),
)
TYPE_NAMES = ("int", "float", "str", "bool", "bytes", "bytearray", "list", "tuple",
              "dict", "set", "frozenset", "complex", "range")


class ValuePickler(pickle.Pickler):
    """`keep(obj)` gives a number for what cannot travel."""

    def __init__(self, out, keep):
        super().__init__(out, protocol=5)
        self.keep = keep

    def persistent_id(self, obj):
        if type(obj) in NATIVE:
            return None
        for kind, name, describe in DESCRIBED:
            if isinstance(obj, kind):
                return name, describe(obj)
        if isinstance(obj, type) and obj.__name__ in TYPE_NAMES:
            return "type", obj.__name__
        return "object", self.keep(obj)


def pack_value(value, keep):
    out = io.BytesIO()
    ValuePickler(out, keep).dump(value)
    return out.getvalue()


# The examiner's side: values in.

BUILT = {
    "int": int,
    "float": float,
    "str": str,
    "bytes": bytes,
    "tuple": tuple,
    "list": list,
    "dict": dict,
    "set": set,
    "frozenset": frozenset,
    "Counter": collections.Counter,
    "OrderedDict": collections.OrderedDict,
    "deque": lambda payload: collections.deque(payload[0], payload[1]),
    "complex": lambda payload: complex(*payload),
    "range": lambda payload: range(*payload),
    "slice": lambda payload: slice(*payload),
    "Decimal": lambda text: decimal.Decimal(str(text)),
    "Fraction": lambda payload: fractions.Fraction(*map(int, payload)),
    "datetime": datetime.datetime.fromisoformat,
    "date": datetime.date.fromisoformat,
    "time": datetime.time.fromisoformat,
    "timedelta": lambda payload: datetime.timedelta(*payload),
    "keys": lambda items: dict.fromkeys(items).keys(),
    "values": lambda items: dict(enumerate(items)).values(),
    "items": lambda items: dict(items).items(),
    "iterator": lambda items: iter(list(items)),
    "type": dict(zip(TYPE_NAMES, (int, float, str, bool, bytes, bytearray, list, tuple,
                                  dict, set, frozenset, complex, range))).__getitem__,
}


class ValueUnpickler(pickle.Unpickler):
    """`stand_in(number)` makes what stands for an object that stayed behind."""

    def __init__(self, data, stand_in):
        super().__init__(io.BytesIO(data))
        self.stand_in = stand_in

    def find_class(self, module, name):
        raise pickle.UnpicklingError("a global")

    def persistent_load(self, described):
        kind, payload = described
        if kind == "object":
            return self.stand_in(int(payload))
        return BUILT[kind](payload)


def unpack_value(data, stand_in):
    """Broken: whatever is wrong with the bytes."""
    try:
        return ValueUnpickler(data, stand_in).load()
    except Exception as error:
        raise Broken(f"not a value: {type(error).__name__}") from None
