"""What stands here for objects and classes of the other side.

A class of the other side is mirrored by a class here: of the same name and bases, with
those special methods that it has, each of which asks the other side.  An object whose
class is a plain value's (a named tuple, an IntEnum, a list with methods) is that value
here, and compares as it; its further attributes are asked for.

The examiner must not let a program's object decide what it equals, nor see what it is
held against: there, comparisons and differences reach the other side only if both
operands are of the program, and other arithmetic with a plain operand gives an object
of the program or nothing.
"""

import types


def special(names):
    return frozenset(f"__{name}__" for name in names.split())


UNARY = special("""len iter reversed bool int float complex index round trunc floor ceil abs
neg pos invert str repr format bytes getitem setitem delitem enter exit aenter aexit
aiter anext fspath""")
COMPARED = special("eq ne lt le gt ge sub rsub isub")
ARITHMETIC = special("""add mul truediv floordiv mod divmod pow matmul lshift rshift and or
xor radd rmul rtruediv rfloordiv rmod rdivmod rpow rmatmul rlshift rrshift rand ror rxor
iadd imul itruediv ifloordiv imod ipow imatmul ilshift irshift iand ior ixor""")
GUARDED = COMPARED | ARITHMETIC
SPECIAL = UNARY | GUARDED | special("call contains await hash next")
OF_VALUES = special("call str repr enter exit")
SHOWN = special("""name qualname doc module dict wrapped annotations defaults kwdefaults code
closure self func members match_args slots cause context args origin
value""")  # of the attributes with such names
LOOK = {  # what isinstance is told of objects of these classes
    "function": types.FunctionType, "method": types.MethodType,
    "builtin_function_or_method": types.BuiltinFunctionType,
    "generator": types.GeneratorType, "async_generator": types.AsyncGeneratorType}
ITERATORS = frozenset("""generator map filter zip enumerate reversed list_iterator
list_reverseiterator tuple_iterator set_iterator dict_keyiterator dict_valueiterator
dict_itemiterator str_ascii_iterator str_iterator range_iterator bytes_iterator
callable_iterator""".split())


def is_special(name):
    return name.startswith("__") and name.endswith("__")


class Documentation:
    """`__doc__` of a mirror and of its class."""

    def __get__(self, value, kind):
        target = kind if value is None else value
        return kind.__link__.ask("get", target, ("__doc__",))


class MirrorType(type):
    """The class of the mirrors of classes."""

    def __call__(cls, *arguments, **named):
        return cls.__link__.ask("call", cls, arguments, named)

    def __getattr__(cls, name):
        if is_special(name) and name not in SHOWN:
            raise AttributeError(name)
        return cls.__link__.ask("get", cls, (name,))

    def __setattr__(cls, name, value):
        if is_special(name):
            return type.__setattr__(cls, name, value)
        return cls.__link__.ask("set", cls, (name, value))

    def __iter__(cls):
        return cls.__link__.ask("special", cls, ("__iter__",))

    def __len__(cls):
        return cls.__link__.ask("special", cls, ("__len__",))

    def __bool__(cls):
        return True

    def __getitem__(cls, key):
        return cls.__link__.ask("special", cls, ("__getitem__", key))

    def __contains__(cls, key):
        return any(key is item for item in cls)


class Mirror(metaclass=MirrorType):
    """An object of the other side.  It holds nothing: its link knows its number."""

    __slots__ = ()

    def __getattr__(self, name):
        if is_special(name) and name not in SHOWN:
            raise AttributeError(name)
        return self.__link__.ask("get", self, (name,))

    def __setattr__(self, name, value):
        if is_special(name):
            return object.__setattr__(self, name, value)
        return self.__link__.ask("set", self, (name, value))

    def __delattr__(self, name):
        return self.__link__.ask("delete", self, (name,))

    def __copy__(self):
        return self.__link__.ask("copy", self)

    def __deepcopy__(self, memo):
        return self.__link__.ask("deepcopy", self)

    def __reduce_ex__(self, protocol):
        raise TypeError("an object of the other side")


class MirrorIterator(Mirror):
    """An iterator of the other side: one item at a time, or all that are left for a
    reader that takes all in any case and says so by asking for the length."""

    __slots__ = ("items", "ended", "takes_all")

    def __iter__(self):
        return self

    def __length_hint__(self):
        object.__setattr__(self, "takes_all", True)
        return 0

    def __next__(self):
        if self.items:
            return self.items.pop()
        if self.ended is None and self.takes_all:
            items, ended = self.__link__.ask("rest", self)
            object.__setattr__(self, "items", items[::-1])
            object.__setattr__(self, "ended", ended)
            return next(self)
        if self.ended is not None:
            raise StopIteration(*self.ended)
        return self.received(*self.__link__.ask("next", self))

    def received(self, more, value):
        if more:
            return value
        raise StopIteration(value)

    def send(self, value):
        return self.received(*self.__link__.ask("send", self, (value,)))


def forwarding(name, trusting):
    """The special method `name` of a mirror.  Not trusting: see the top of this file."""
    guarded = name in GUARDED and not trusting

    def method(self, *operands):
        alone = not guarded or all(isinstance(operand, Mirror) for operand in operands)
        if not alone and name in COMPARED:
            return NotImplemented
        result = self.__link__.ask("special", self, (name, *operands))
        return result if alone or isinstance(result, Mirror) else NotImplemented

    method.__name__ = name
    return method


def call_mirror(self, *arguments, **named):
    return self.__link__.ask("call", self, arguments, named)


def next_mirror(self):
    more, value = self.__link__.ask("next", self)
    if more:
        return value
    raise StopIteration(value)


def hash_mirror(self):
    return self.__link__.hash_of(self)


def await_mirror(self):
    return self.__link__.awaited(self).__await__()


def special_methods(names, of_value, trusting):
    """`of_value`: of a class of values, whose own methods stay."""
    methods = {"__call__": call_mirror, "__await__": await_mirror,
               "__hash__": hash_mirror, "__next__": next_mirror}
    chosen = {name: methods[name] for name in names
              if name in methods and (name == "__call__" or not of_value)}
    for name in (OF_VALUES if of_value else SPECIAL).intersection(names):
        if name not in methods and (trusting or name != "__contains__"):
            chosen[name] = forwarding(name, trusting)
    return chosen


def own_specials(cls):
    """The special methods that a class or its bases define, but for object's."""
    found = {}
    for base in reversed(cls.__mro__[:-1]):
        for name in SPECIAL & vars(base).keys():
            found[name] = vars(base)[name]
    return sorted(name for name, method in found.items() if method is not None)


def value_specials(cls, base):
    """Those of a class of values that are not of the value alone."""
    own = cls.__mro__[:cls.__mro__.index(base)]
    return sorted(OF_VALUES & {name for each in own for name in vars(each)})
