"""Values as trees, and the containers that tests and program share.

A tree is an atom or a tuple (kind, ...).  The items of a container are a list if all
of them are atoms, which then travels as it is, or else a tuple of trees.

A list, dict or other mutable container that crosses once is *shared*: it has a number,
each side holds an object of its own for it, and each message begins with what has
changed since the last one.  So what the program does to an argument in place is seen by
the tests, and what they do to a result is seen by the program.  A side that has no
other use for such an object says so, and both forget it.
"""

import array
import collections
import datetime
import decimal
import fractions
import itertools
import sys
import types

ATOMS = frozenset((type(None), bool, int, float, str, bytes))
MAX_SHARED = 1 << 14  # containers beyond it travel by value
UNUSED = 2  # references to an object, as counted, that the table alone holds

IMMUTABLE = {  # type: its kind, what travels
    complex: ("complex", lambda c: (c.real, c.imag)),
    range: ("range", lambda r: (r.start, r.stop, r.step)),
    decimal.Decimal: ("Decimal", str),
    fractions.Fraction: ("Fraction", lambda f: (f.numerator, f.denominator)),
    datetime.datetime: ("datetime", datetime.datetime.isoformat),
    datetime.date: ("date", datetime.date.isoformat),
    datetime.time: ("time", datetime.time.isoformat),
    datetime.timedelta: ("timedelta", lambda t: (t.days, t.seconds, t.microseconds)),
    type(Ellipsis): ("constant", str),
    type(NotImplemented): ("constant", str),
}
BUILD = {
    "complex": lambda parts: complex(*parts),
    "range": lambda parts: range(*parts),
    "Decimal": lambda text: decimal.Decimal(str(text)),
    "Fraction": lambda parts: fractions.Fraction(*map(int, parts)),
    "datetime": datetime.datetime.fromisoformat,
    "date": datetime.date.fromisoformat,
    "time": datetime.time.fromisoformat,
    "timedelta": lambda parts: datetime.timedelta(*parts),
    "constant": {"Ellipsis": Ellipsis, "NotImplemented": NotImplemented}.__getitem__,
}
WITH_ITEMS = {  # immutable too, of values
    tuple: ("tuple", list),
    frozenset: ("frozenset", list),
    slice: ("slice", lambda s: [s.start, s.stop, s.step]),
}
for kind in (dict, collections.OrderedDict):
    WITH_ITEMS[type(kind().keys())] = "keys", list
    WITH_ITEMS[type(kind().values())] = "values", list
    WITH_ITEMS[type(kind().items())] = "items", lambda view: list(
        itertools.chain.from_iterable(view))
BUILD_ITEMS = {
    "tuple": tuple,
    "frozenset": frozenset,
    "slice": lambda items: slice(*items),
    "keys": lambda items: dict.fromkeys(items).keys(),
    "values": lambda items: dict(enumerate(items)).values(),
    "items": lambda items: dict(pairs(items)).items(),
}


def pairs(items):
    return zip(items[::2], items[1::2], strict=True)


def flat_dict(value):
    return list(itertools.chain.from_iterable(dict.items(value)))


def flat_ordered(value):
    return list(itertools.chain.from_iterable(collections.OrderedDict.items(value)))


def fill_ordered(value, items):
    collections.OrderedDict.clear(value)
    for key, item in pairs(items):
        collections.OrderedDict.__setitem__(value, key, item)


def fill_list(value, items):
    list.__setitem__(value, slice(None), items)


def fill_dict(value, items):
    dict.clear(value)
    dict.update(value, pairs(items))


def fill_set(value, items):
    set.clear(value)
    set.update(value, items)


def fill_deque(value, items):
    collections.deque.clear(value)
    collections.deque.extend(value, items)


def fill_bytearray(value, items):
    bytearray.__setitem__(value, slice(None), bytes(items[0]))


def fill_array(value, items):
    fresh = array.array(value.typecode)
    fresh.frombytes(items[0])
    value[:] = fresh


def fill_attributes(value, items):
    vars(value).clear()
    vars(value).update(pairs(items))


def make_defaultdict(factory, kind):
    value = kind.__new__(kind)
    collections.defaultdict.default_factory.__set__(value, factory)
    return value


def make_deque(size, kind):
    value = kind.__new__(kind)
    collections.deque.__init__(value, (), size)
    return value


class Container:
    """A kind of mutable container: `items` out of it, `fill` in place, `make` an empty
    one from `extra`, what must be known before its items."""

    def __init__(self, name, kind, items, fill, make=None, extra=None):
        self.name, self.kind, self.items, self.fill = name, kind, items, fill
        self.make = make or (lambda extra, kind: kind.__new__(kind))
        self.extra = extra or (lambda value: None)


CONTAINERS = (  # a subclass before its base
    Container("list", list, list.copy, fill_list),
    Container("Counter", collections.Counter, flat_dict, fill_dict),
    Container("OrderedDict", collections.OrderedDict, flat_ordered, fill_ordered),
    Container("defaultdict", collections.defaultdict, flat_dict, fill_dict,
              make_defaultdict, lambda d: d.default_factory),
    Container("dict", dict, flat_dict, fill_dict),
    Container("set", set, list, fill_set),
    Container("deque", collections.deque, list, fill_deque,
              make_deque, lambda d: d.maxlen),
    Container("bytearray", bytearray, lambda b: [bytes(b)], fill_bytearray),
    Container("array", array.array, lambda a: [a.tobytes()], fill_array,
              lambda extra, kind: kind.__new__(kind, str(extra)), lambda a: a.typecode),
    Container("SimpleNamespace", types.SimpleNamespace, lambda s: flat_dict(vars(s)),
              fill_attributes),
)
CONTAINER_OF = {container.kind: container for container in CONTAINERS}
CONTAINER_NAMED = {container.name: container for container in CONTAINERS}


class Codec:
    """Values into trees and back, for one side.  A subclass knows what to do with the
    rest: encode_other, decode_other, class_of."""

    def __init__(self, first_number):
        self.shared, self.numbers, self.states = {}, {}, {}  # number: object and back
        self.next_number = first_number  # the other side has those between
        self.fresh = set()  # shared, but their states are not written down
        self.settling = False  # nothing of what is encoded now travels
        self.seen, self.again = {}, []  # tuples of the tree at hand

    def encode(self, value):
        kind = type(value)
        if kind in ATOMS:
            return value
        number = self.numbers.get(id(value))
        if number is not None:
            return ("shared", number)
        if kind in CONTAINER_OF:
            return self.encode_container(value, CONTAINER_OF[kind], None)
        if kind in WITH_ITEMS:
            return self.encode_with_items(value, *WITH_ITEMS[kind])
        if kind in IMMUTABLE:
            name, describe = IMMUTABLE[kind]
            return (name, describe(value))
        return self.encode_other(value)

    def encode_items(self, items):
        return items if ATOMS.issuperset(map(type, items)) else tuple(
            map(self.encode, items))

    def encode_with_items(self, value, name, describe):
        """A tuple that was met in this tree already is named by its place."""
        if id(value) in self.seen:
            return ("again", self.seen[id(value)][0])
        items = self.encode_items(describe(value))
        if type(items) is tuple:
            self.seen[id(value)] = len(self.seen), value
        return (name, items)

    def encode_container(self, value, container, its_class):
        """`its_class`: a tree, of an object of a class of its own."""
        number = None
        if len(self.shared) < MAX_SHARED and not self.settling:
            number = self.next_number
            self.next_number += 2
            self.share(number, value)
        extra = self.encode(container.extra(value))
        return (container.name, number, its_class, extra,
                self.encode_items(container.items(value)))

    def share(self, number, value):
        self.shared[number] = value
        self.numbers[id(value)] = number
        self.fresh.add(number)

    def forget(self, number):
        value = self.shared.pop(number, None)
        self.states.pop(number, None)
        self.numbers.pop(id(value), None)

    def decode(self, tree):
        if type(tree) is not tuple:
            return tree
        kind = tree[0]
        if kind == "shared":
            return self.shared[tree[1]]
        if kind == "again":
            return self.again[tree[1]]
        if kind in CONTAINER_NAMED:
            return self.decode_container(*tree)
        if kind in BUILD_ITEMS:
            value = BUILD_ITEMS[kind](self.decode_items(tree[1]))
            if type(tree[1]) is tuple:
                self.again.append(value)
            return value
        if kind in BUILD:
            return BUILD[kind](tree[1])
        return self.decode_other(*tree)

    def decode_items(self, items):
        return items if type(items) is list else [self.decode(item) for item in items]

    def decode_container(self, name, number, its_class, extra, items):
        container = CONTAINER_NAMED[name]
        value = container.make(self.decode(extra), self.class_of(its_class)
                               if its_class else container.kind)
        if its_class:
            self.know(its_class, value)
        if number is not None:
            if number in self.shared or number % 2 == self.next_number % 2:
                raise Broken("a number that is taken")
            self.share(number, value)
        container.fill(value, self.decode_items(items))
        return value

    def items_of(self, value):
        """The items of a container as they are to travel: trees of their own."""
        self.seen = {}
        return self.encode_items(container_of(value).items(value))

    def settle(self):
        """Writes the states down of what is new or has changed: as both sides have it."""
        self.settling = True
        for number in self.fresh:
            if number in self.shared:
                self.states[number] = write_tree(self.items_of(self.shared[number]))
        self.fresh.clear()
        self.settling = False

    def changes(self):
        found = []
        for number, value in list(self.shared.items()):
            data = write_tree(self.items_of(value))
            if data != self.states[number]:
                found.append((number, data))
                self.fresh.add(number)
        return found

    def unused(self):
        found = [number for number in self.shared
                 if sys.getrefcount(self.shared[number]) <= UNUSED]
        for number in found:
            self.forget(number)
        return found

    def pack(self, make_tree):
        """A message: what has changed, what make_tree() gives, what is forgotten, and
        what was printed."""
        first = self.next_number
        try:
            changed = self.changes()
            self.seen = {}
            body = write_tree(make_tree())
            self.seen = {}
            if len(body) + sum(len(data) for _, data in changed) > MAX_MESSAGE // 2:
                raise MemoryError("too large a value")
        except BaseException:
            self.take_back(first)
            raise
        message = write_tree((changed, body, self.unused(), self.take_printed()))
        self.settle()
        return message

    def take_printed(self):
        """What this side has printed since the last message."""
        return ""

    def take_back(self, first):
        """Forgets what was shared from number `first` on: it never travelled."""
        self.fresh.clear()
        for number in [n for n in self.shared
                       if n >= first and n % 2 == first % 2]:
            self.forget(number)

    def unpack(self, message, read):
        """read(tree) of a message.  Broken: whatever is wrong with the bytes."""
        try:
            changed, body, forgotten, printed = read_tree(message)
            if printed and sys.stdout is not sys.__stdout__:  # somebody looks
                sys.stdout.write(printed)
            for number, data in changed:
                self.again = []
                value = self.shared[number]
                items = self.decode_items(read_tree(data))
                container_of(value).fill(value, items)
                self.fresh.add(number)
            self.again = []
            value = read(read_tree(body))
            for number in forgotten:
                self.forget(number)
            self.settle()
            return value
        except Exception as error:
            raise Broken(f"not a message: {type(error).__name__} {error}") from None


def container_of(value):
    exact = CONTAINER_OF.get(type(value))
    if exact:
        return exact
    return next(c for c in CONTAINERS if isinstance(value, c.kind))
