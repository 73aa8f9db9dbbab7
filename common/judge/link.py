"""One side of the conversation between tests and program, and what it does when asked.

Each side may ask the other in its turn: the tests call the program, which may call a
function of theirs that it was given.  One asks, the other answers, and may ask in turn
before it does; nothing else is said.
"""

import copy
import sys
import threading
import types

MAX_ITEMS = 1 << 18  # of an iterator at a time
DESCRIPTIVE = ("__name__", "__qualname__", "__doc__")
OPAQUE = (types.FunctionType, types.MethodType, types.BuiltinFunctionType,
          types.GeneratorType, types.CoroutineType, types.AsyncGeneratorType,
          types.FrameType, types.TracebackType, types.CodeType, types.ModuleType)


class Link(ObjectCodec):
    """A subclass says what a name is (lookup), and what it does about programs that are
    not written to their end (unfinished, answer)."""

    def __init__(self, channel, trusting):
        super().__init__(trusting)
        self.channel = channel
        self.last_error = None  # that came from the other side
        self.turn = threading.RLock()  # tests, and programs, may have threads

    # What is asked.

    def ask(self, operation, target, arguments=(), named=None):
        named = named or {}
        with self.turn:
            self.send(b"q", lambda: (operation, self.encode(target), tuple(named),
                                     self.encode_items([*arguments, *named.values()])))
            while True:
                message = receive_bytes(self.channel)
                if message[:1] != b"q":
                    return self.result(message)
                send_bytes(self.channel, self.answer(message))

    def send(self, kind, make_tree):
        send_bytes(self.channel, kind + self.pack(make_tree))

    def result(self, message):
        if message[:1] == b"v":
            return self.unpack(message[1:], self.decode)
        if message[:1] == b"e":
            self.last_error = self.unpack(message[1:], self.decode)
            raise self.last_error
        if message[:1] == b"o":
            raise self.unfinished()
        raise Broken("an unknown reply")

    async def awaited(self, target):
        """The result of a coroutine of the other side, whose loop turns now and then."""
        while True:
            try:
                ended, value = self.ask("turn", target)
                if ended:
                    return value
                await sys.modules["asyncio"].sleep(0)
            except GeneratorExit:
                raise
            except BaseException:
                self.ask("cancel", target)
                raise

    # What is answered.

    def answer(self, message):
        """The reply to one question."""
        try:
            value = self.serve(*self.unpack(message[1:], self.decode_request))
            return b"v" + self.pack(lambda: self.encode(value))
        except Broken:
            raise
        except BaseException as error:
            return self.error_reply(error)

    def error_reply(self, error):
        return b"e" + self.pack(lambda: self.encode_error(error))

    def decode_request(self, tree):
        operation, target, names, items = tree
        values = self.decode_items(items)
        first = len(values) - len(names)
        return (operation, self.decode(target), values[:first],
                dict(zip(names, values[first:])))

    def serve(self, operation, target, arguments, named):
        if operation == "name":
            return self.lookup(*arguments)
        if not self.trusting and id(target) not in self.kept_numbers:
            raise AttributeError(operation)
        if operation == "call":
            return target(*arguments, **named)
        if operation in ("get", "set", "delete"):
            self.permit(operation, target, arguments[0])
        return SERVED[operation](self, target, *arguments)

    def permit(self, operation, target, name):
        """Of objects of the tests, a program reads what a caller is meant to see, and
        changes only those that the tests' own classes made."""
        if self.trusting or operation == "get" and name in DESCRIPTIVE:
            return
        hidden = name.startswith(("_", "gi_", "cr_", "ag_", "f_", "tb_", "co_"))
        if hidden or isinstance(target, OPAQUE):
            raise AttributeError(name)
        if operation != "get" and (type(target).__module__ != "tests"
                                   or callable(getattr(type(target), name, None))):
            raise AttributeError(name)

    def special(self, target, name, *operands):
        method = getattr(type(target), name, None) if name in SPECIAL else None
        if method is None:
            raise TypeError(f"{type(target).__name__} has no {name}")
        return method(target, *operands)

    def next(self, target):
        try:
            return True, next(target)
        except StopIteration as end:
            return False, end.value

    def send_in(self, target, value):
        try:
            return True, target.send(value)
        except StopIteration as end:
            return False, end.value

    def rest(self, target):
        """(items, how it ended): () of no value, (value,); None: there may be more."""
        items = []
        while len(items) < MAX_ITEMS:
            more, value = self.next(target)
            if not more:
                return items, (value,)
            items.append(value)
        return items, None


SERVED = {
    "get": lambda link, target, name: getattr(target, name),
    "set": lambda link, target, name, value: setattr(target, name, value),
    "delete": lambda link, target, name: delattr(target, name),
    "special": Link.special,
    "next": Link.next,
    "send": Link.send_in,
    "rest": Link.rest,
    "copy": lambda link, target: copy.copy(target),
    "deepcopy": lambda link, target: copy.deepcopy(target),
    "turn": lambda link, target: take_turn(target),
    "cancel": lambda link, target: cancel_turns(target),
}
