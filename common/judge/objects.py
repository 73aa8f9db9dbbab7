"""Objects and exceptions as trees: those of the other side by their numbers, those of
this side as what they are there, a mirror (mirrors.py).
"""

import dataclasses
import enum
import functools
import importlib
import operator
import re
import sys
import types

PLAIN = {int: int.__int__, float: float.__float__, str: str.__str__,
         bytes: lambda b: bytes.__getitem__(b, slice(None)), complex: complex.__pos__,
         tuple: lambda t: tuple(tuple.__iter__(t)),
         frozenset: lambda f: frozenset(frozenset.__iter__(f))}
BASES = tuple(PLAIN)  # values whose classes programs derive others from
BY_PICKLE = (types.FunctionType, types.BuiltinFunctionType, type(str.upper), type,
             re.Pattern, enum.Enum, functools.partial, operator.itemgetter,
             operator.attrgetter, operator.methodcaller, datetime.tzinfo)
WRITTEN = {  # immutable values of the library that are made from their text
    ("pathlib", "PosixPath"), ("pathlib", "PurePosixPath"), ("uuid", "UUID"),
    ("ipaddress", "IPv4Address"), ("ipaddress", "IPv6Address"),
    ("ipaddress", "IPv4Network"), ("ipaddress", "IPv6Network")}
PLAIN_TYPES = {kind.__name__: kind for kind in (
    type(None), bool, *BASES, *IMMUTABLE, *CONTAINER_OF, object, type)}


def exception_named(module, name):
    """An exception class of the standard library that is loaded here, or None."""
    if module.partition(".")[0] not in sys.stdlib_module_names | {"builtins"}:
        return None
    kind = getattr(sys.modules.get(module), name, None)
    if not isinstance(kind, type) or not issubclass(kind, BaseException):
        return None
    # Never one that would end a loop of the tests early.
    wrong = (StopIteration, GeneratorExit, BaseExceptionGroup)
    return None if issubclass(kind, wrong) else kind


def new_error(kind, arguments):
    if kind.__module__ != "builtins":
        return kind.__new__(kind)  # its own __init__ has run, over there
    try:
        return kind(*arguments)
    except Exception:
        return kind.__new__(kind)  # not what such an exception is made from


def record_fields(names):
    """What `dataclasses` wants to know of a class."""
    fields = {}
    for name in names:
        fields[name] = dataclasses.field()
        fields[name].name = name
        fields[name]._field_type = dataclasses._FIELD
    return fields


class ObjectCodec(Codec):
    """trusting: the other side is believed (by the runner: it has the tests)."""

    def __init__(self, trusting):
        super().__init__(first_number=int(trusting))
        self.trusting = trusting
        self.kept, self.kept_numbers, self.hashes = [], {}, {}  # ours that they know
        self.described = set()  # of our classes, those that they know
        self.new_classes = []  # of those, what the message at hand describes
        self.mirrors, self.mirror_numbers, self.mirror_hashes = {}, {}, {}
        self.held = []  # what mirror_numbers knows by its id

    def keep(self, value):
        number = self.kept_numbers.get(id(value))
        if number is None:
            number = len(self.kept)
            self.kept.append(value)
            self.kept_numbers[id(value)] = number
        return number

    def encode_other(self, value):
        number = self.mirror_numbers.get(id(value))
        if number is not None:
            return ("yours", number)
        if is_of_numpy(value):
            return self.encode_numpy(value)
        name = (type(value).__module__, type(value).__name__)
        if name in WRITTEN and getattr(sys.modules.get(name[0]), name[1], 0) is type(value):
            return ("written", *name, str(value))
        if not self.trusting and isinstance(value, BY_PICKLE) and isinstance(
                getattr(value, "__self__", None), (type(None), types.ModuleType, type)):
            try:
                return ("pickled", pickle.dumps(value, protocol=5))
            except Exception:
                pass  # of the tests' own making
        if isinstance(value, type):
            return self.encode_class(value)
        if isinstance(value, BaseException):
            return self.encode_error(value)
        if isinstance(value, types.TracebackType):
            return None
        return self.encode_object(value, type(value))

    def encode_numpy(self, value):
        plain = from_numpy(value)
        if type(plain) in CONTAINER_OF or type(plain) in PLAIN_TYPES.values():
            return self.encode(plain)
        return self.encode_object(value, type(value))

    def encode_object(self, value, kind):
        its_class = self.encode_class(kind)
        for container in CONTAINERS:
            if isinstance(value, container.kind):
                return self.encode_container(value, container,
                                             (self.keep(value), its_class))
        for base in BASES:
            if isinstance(value, base):
                return ("value", self.keep(value), its_class,
                        self.encode(PLAIN[base](value)))
        if not self.settling or id(value) in self.kept_numbers:
            return ("mine", self.keep(value), its_class, self.hash_code(value))
        return ("mine", -1, None, None)

    def hash_code(self, value):
        """None: by identity.  Computed once: it is the program's code that does."""
        number = self.kept_numbers[id(value)]
        if number not in self.hashes:
            method = type(value).__hash__
            own = method is not None and method is not object.__hash__
            self.hashes[number] = hash(value) if own else None
        return self.hashes[number]

    def encode_class(self, kind):
        if PLAIN_TYPES.get(kind.__name__) is kind:
            return ("type", kind.__name__)
        if exception_named(kind.__module__, kind.__name__) is kind:
            return ("exception", kind.__module__, kind.__name__)
        known = id(kind) in self.kept_numbers and self.keep(kind) in self.described
        if known or self.settling:
            return ("class", self.keep(kind), None)
        number = self.keep(kind)
        self.described.add(number)
        self.new_classes.append(number)
        return ("class", number, self.describe(kind))

    def pack(self, make_tree):
        self.new_classes = []
        return super().pack(make_tree)

    def take_back(self, first):
        super().take_back(first)
        self.described.difference_update(self.new_classes)

    def describe(self, kind):
        base = next((b for b in (*BASES, *CONTAINER_OF, BaseException)
                     if issubclass(kind, b)), None)
        parents = [self.encode_class(b) for b in kind.__bases__
                   if b is not object and b is not base and (
                       b.__module__ != "builtins" or issubclass(b, BaseException))]
        names = value_specials(kind, base) if base else own_specials(kind)
        fields = getattr(kind, "_fields", ()) if base is tuple else ()
        record = getattr(kind, "__dataclass_fields__", {})
        return (kind.__module__, kind.__name__, base and base.__name__, tuple(parents),
                list(names), list(fields), list(record))

    def encode_error(self, error):
        attributes = getattr(error, "__dict__", {})
        cause = self.encode_error(error.__cause__) if error.__cause__ else None
        return ("error", self.encode(type(error)), self.encode_items(list(error.args)),
                list(attributes), self.encode_items(list(attributes.values())), cause)

    # What comes.

    def decode_other(self, kind, *parts):
        return getattr(self, DECODE[kind])(*parts)

    def decode_yours(self, number):
        return self.kept[number]

    def know(self, identity, value):
        """`identity`: the number of an object over there, its class."""
        self.mirrors[identity[0]] = value
        self.mirror_numbers[id(value)] = identity[0]
        self.held.append(value)
        return value

    def class_of(self, identity):
        return self.decode(identity[1])

    def decode_mine(self, number, its_class, hash_code):
        kind = self.decode(its_class)
        if number in self.mirrors:
            return self.mirrors[number]
        if number < 0:
            raise Broken("an object that nobody knows")
        value = self.know((number, its_class), object.__new__(kind))
        self.mirror_hashes[number] = hash_code
        if issubclass(kind, MirrorIterator):
            for name in MirrorIterator.__slots__:
                object.__setattr__(value, name, None)
        if kind.__name__ == "coroutine":
            return self.know((number, its_class), self.awaited(value))
        return value

    def hash_of(self, mirror):
        number = self.mirror_numbers[id(mirror)]
        code = self.mirror_hashes.get(number)
        return hash(number) if code is None else hash(code)

    def decode_value(self, number, its_class, tree):
        kind, plain = self.decode(its_class), self.decode(tree)
        if number in self.mirrors:
            return self.mirrors[number]
        return self.know((number, its_class), type(plain).__new__(kind, plain))

    def decode_type(self, name):
        return PLAIN_TYPES[name]

    def decode_exception(self, module, name):
        return exception_named(module, name) or RuntimeError

    def decode_written(self, module, name, text):
        if (module, name) not in WRITTEN:
            raise Broken("not a type that is known by its text")
        return getattr(importlib.import_module(module), name)(str(text))

    def decode_pickled(self, data):
        if not self.trusting:
            raise Broken("a pickle")
        return pickle.loads(data)

    def decode_class(self, number, description):
        if description is None:
            return self.mirrors[number]
        module, name, base, parents, names, fields, record = description
        bases = [self.decode(parent) for parent in parents]
        base = BaseException if base == "BaseException" else PLAIN_TYPES.get(base)
        if module == "builtins" and name in ITERATORS:
            bases = [MirrorIterator]
        if not any(issubclass(each, Mirror) for each in bases):
            bases.insert(0, Mirror)
        if base and not any(issubclass(each, base) for each in bases):
            bases.append(base)
        content = {"__slots__": (), "__link__": self, "__module__": module,
                   "__doc__": Documentation(),
                   **special_methods(names, base is not None, self.trusting)}
        for place, field in enumerate(fields):
            if not field.isidentifier() or field.startswith("_"):
                raise Broken("no name of a field")
            content[field] = property(operator.itemgetter(place))
        if fields:
            content["_fields"] = tuple(fields)
        if record:
            content["__dataclass_fields__"] = record_fields(record)
        look = self.look(module, name)
        if look:
            content["__class__"] = property(lambda self: look)
        return self.know((number, None), type.__new__(MirrorType, name, tuple(bases),
                                                      content))

    def look(self, module, name):
        """What isinstance is to take an object of that class for."""
        return LOOK.get(name) if module == "builtins" else None

    def decode_error(self, kind, arguments, names, values, cause):
        kind, arguments = self.decode(kind), self.decode_items(arguments)
        values, cause = self.decode_items(values), self.decode(cause)
        if not issubclass(kind, BaseException):
            raise Broken("not an exception")
        error = new_error(kind, arguments)
        BaseException.args.__set__(error, tuple(arguments))
        error.__dict__.update(zip(names, values))
        error.__cause__ = cause
        return error


DECODE = {kind: f"decode_{kind}" for kind in (
    "yours", "mine", "value", "type", "exception", "written", "pickled", "class", "error")}
