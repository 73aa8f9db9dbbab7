"""Coroutines on an event loop of this process that turns while the other side waits."""

import os
import sys

TURN_S = 0.002  # a turn ends then, or with the coroutine

tasks = {}  # by the id of the coroutine, which the link keeps


class PipeEnd:
    """What an event loop needs of a socket to wake itself up."""

    def __init__(self, fd):
        self.fd = fd

    def fileno(self):
        return self.fd

    def recv(self, size):
        return os.read(self.fd, size)

    def send(self, data):
        return os.write(self.fd, data)

    def close(self):
        os.close(self.fd)


def allow_asyncio():
    """Event loops wake themselves up by a pipe: there are no sockets here."""
    import asyncio.selector_events

    def make_self_pipe(loop):
        loop._ssock, loop._csock = map(PipeEnd, os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC))
        loop._internal_fds += 1
        loop._add_reader(loop._ssock.fileno(), loop._read_from_self)

    asyncio.selector_events.BaseSelectorEventLoop._make_self_pipe = make_self_pipe


async def wait_for(awaitable):
    return await awaitable


def take_turn(awaitable):
    """(True, its result), or (False, None) where it is still under way."""
    asyncio = sys.modules.get("asyncio")
    if asyncio is None:
        allow_asyncio()
        asyncio = sys.modules["asyncio"]
    if "loop" not in tasks:
        tasks["loop"] = asyncio.new_event_loop()
    loop = tasks["loop"]
    task = tasks.get(id(awaitable))
    if task is None:
        task = tasks[id(awaitable)] = loop.create_task(wait_for(awaitable))
    loop.run_until_complete(asyncio.wait({task}, timeout=TURN_S))
    return (True, task.result()) if task.done() else (False, None)


def cancel_turns(awaitable):
    task = tasks.get(id(awaitable))
    if task is not None and not task.done():
        task.cancel()
