"""From what the policy wrote to the source of a program."""

import ast
import re

FENCE = re.compile(r"^[ \t]*```[ \t]*(\w*)[^\n]*\n(.*?)(?:^[ \t]*```|\Z)",
                   re.DOTALL | re.MULTILINE)
PYTHON = ("python", "python3", "py", "Python")
PLAIN_BODY = "    pass\n\n"


def unfence(text):
    """(body, fenced): the last fenced block of Python, or else of anything, closed or
    not; without a fence, all of the text."""
    blocks = FENCE.findall(text)
    of_python = [body for tag, body in blocks if tag in PYTHON]
    bodies = of_python or [body for tag, body in blocks]
    return (bodies[-1], True) if bodies else (text, False)


def parses(source):
    try:
        ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def defines(source, entry):
    """Whether `source` alone is a program with a function `entry` at its top level."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return any(isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
               and node.name == entry for node in tree.body)


def program_source(text, prefix, entry):
    """`prefix` ends inside the function asked for.  The text goes on from there, or is a
    program of its own, which still may use the imports and helpers of the prefix."""
    body, _ = unfence(text)
    if not prefix or not defines(body, entry):
        return prefix + body
    closed = prefix if parses(prefix) else prefix + "\n" + PLAIN_BODY
    return closed + "\n" + body
