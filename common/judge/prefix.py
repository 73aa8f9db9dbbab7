"""Can a program that is still being written become right?  The partial verifier of code.

    prefix_verdict(source, entry, run_tests) -> "open" | "fail" | "pass"

`source` is the program so far; a last line without a newline is left out.  "fail": no
text that may follow makes the program pass its tests.  "pass": the tests pass whatever
follows, as long as the whole is a program.  "open": neither is known.

The verdict comes from running a completed copy of the program, in which every block
that the next line could still extend ends with `raise Open`.  A call that returns or
raises without reaching such a mark takes the same path however the text goes on.  So
does a global name that is looked up but not there yet: it raises Open too.

What may follow is taken to be ordinary: it does not bind again a name that a finished
part of the program uses, and does not turn a function that has returned a value into a
generator.

run_tests(namespace) is the caller's.  It gets the globals of the program after its
top-level statements ran, calls the tests and returns
    "fail"  at least one test failed in a call that did not touch a mark,
    "pass"  every test passed and none touched a mark,
    "open"  anything else.
A call touched a mark if it raised Open (a BaseException), or if touched() returned
different numbers before and after it (the program swallowed the Open).  A call that runs
out of the caller's time is open, unless the caller would give a whole program no more.
A name that the tests need and `namespace` lacks is open.
run_tests=None asks for the syntax alone, and nothing is run ("fail" or "open"): for
programs that read stdin.

prefix_verdict executes `source`: call it in the sandbox, with limits set.  Not
re-entrant: one call at a time in a process.
"""

import ast
import builtins
import io
import re
import sys
import tokenize
import types
import warnings

INCOMPLETE_INPUT = 0x4000  # PyCF_ALLOW_INCOMPLETE_INPUT, as codeop uses it
MODULE_NAME = "solution"  # not __main__: the program's own main block is not run
CLAUSES = ("elif", "else", "except", "finally", "case")
MARK = "__open_mark__"


class Open(BaseException):
    """The call came to a part of the program that is not written yet."""

    raised = 0

    def __init__(self, *args):
        super().__init__(*args)
        Open.raised += 1


def touched():
    """How many marks were reached so far in this process."""
    return Open.raised


class LaterNames(dict):
    """Builtins in which a missing name is one that a later line may define."""

    running = False  # at top level, a missing name is an error in every continuation

    def __missing__(self, name):
        if self.running:
            raise Open(name)
        raise KeyError(name)


class Line:
    """A logical line: several physical lines where a bracket or a string spans them."""

    def __init__(self, first_token):
        self.start = first_token.start[0]
        self.word = first_token.string
        self.indent = re.match(r"\s*", first_token.line).group()
        self.end = 0  # its last physical line; 0: not written to its end
        self.last = ""

    def is_header(self):
        return self.last == ":"


def logical_lines(text):
    """The logical lines of `text`; the last one may be without an end."""
    lines, current = [], None
    skipped = (tokenize.NL, tokenize.COMMENT, tokenize.INDENT, tokenize.DEDENT,
               tokenize.ENDMARKER)
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type in skipped:
                continue
            if token.type == tokenize.NEWLINE:
                if current:
                    current.end = token.start[0]
                current = None
                continue
            if not current:
                current = Line(token)
                lines.append(current)
            current.last = token.string
    except tokenize.TokenError:  # the text ends inside a string or a bracket
        if not current:
            lines.append(unread_line(text, lines))
    return lines


def unread_line(text, lines):
    """The line that a string opens which has no end: its first token never came."""
    after = lines[-1].end if lines else 0
    for number, physical in enumerate(text.splitlines()[after:], after + 1):
        code = physical.strip()
        if code and not code.startswith("#"):
            return Line(tokenize.TokenInfo(tokenize.STRING, code, (number, 0),
                                           (number, 0), physical))
    return Line(tokenize.TokenInfo(tokenize.STRING, "", (after + 1, 0),
                                   (after + 1, 0), ""))


def open_tries(lines):
    """The indents of the `try:` without except or finally, the innermost first."""
    stack = []
    for line in lines:
        while stack and len(stack[-1].indent) > len(line.indent):
            stack.pop()
        if stack and stack[-1].indent == line.indent:
            stack.pop()
        if line.is_header() or line.word == "try":
            stack.append(line)
    return [line.indent for line in reversed(stack) if line.word == "try"]


def complete(text, lines):
    """`text` with the least that makes it a program, and its number of own lines."""
    tail = lines.pop() if lines and not lines[-1].end else None
    while lines and lines[-1].word == "@":
        lines.pop()
        tail = None
    own = lines[-1].end if lines else 0
    added = []
    if lines and lines[-1].is_header():
        body = lines[-1].indent + " "
        added.append(body + ("case _: pass" if lines[-1].word == "match" else "pass"))
    elif tail and tail.word not in CLAUSES:
        lines.append(tail)
        added.append(tail.indent + "pass")
    added += [indent + "finally: pass" for indent in open_tries(lines)]
    written = text.split("\n")[:own]
    return "\n".join(written + added) + "\n", own


def still_parses(text):
    """No error before the end of `text`, whose last logical line has no end.

    With this flag, an error that the parser met only on asking for more is reported as
    incomplete input; with any other, it failed on tokens that stay as they are."""
    try:
        compile(text, "<prefix>", "exec", INCOMPLETE_INPUT | ast.PyCF_ONLY_AST)
    except SyntaxError as error:
        return "incomplete input" in str(error)
    return True


def mark():
    call = ast.Call(ast.Name(MARK, ast.Load()), [], [])
    return ast.Raise(exc=call, cause=None)


def is_inline(block, source):
    """`if x: y` on one line: nothing can be added to that block."""
    line = source[block[0].lineno - 1].encode()[:block[0].col_offset]
    return line.strip() != b""


class Marker:
    """Puts the marks into the tree of a completed text."""

    def __init__(self, text, own):
        self.source = text.split("\n")
        self.own = own

    def block(self, block):
        """Marks a block that the next line could extend, and what it ends with."""
        self.statement(block[-1])
        block.append(mark())

    def statement(self, node):
        if isinstance(node, ast.Try):
            self.open_try(node)
            return
        if isinstance(node, ast.Match):
            block = node.cases[-1].body
        else:
            block = getattr(node, "orelse", None) or getattr(node, "body", None)
        if not isinstance(block, list) or is_inline(block, self.source):
            return
        self.block(block)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            FutureGenerator().mark_returns(node)

    def open_try(self, node):
        final = node.finalbody
        if final and final[0].lineno <= self.own:
            if not is_inline(final, self.source):
                self.block(final)
            return
        blocks = [node.body, *(h.body for h in node.handlers), node.orelse]
        last = [b for b in blocks if b][-1]
        if not is_inline(last, self.source):
            self.block(last)
        # Handlers and a finally may follow: whatever leaves the statement is open.
        node.finalbody = [mark()]


def own_nodes(function):
    """The nodes of a function's body, without those of functions inside it."""
    waiting = list(function.body)
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef,
                                 ast.Lambda)):
            waiting += ast.iter_child_nodes(node)


class FutureGenerator(ast.NodeTransformer):
    """Marks each `return` without a value in an unfinished function that has no yield: a
    later one would change its sense."""

    def mark_returns(self, function):
        if not any(isinstance(node, (ast.Yield, ast.YieldFrom))
                   for node in own_nodes(function)):
            function.body = [self.visit(child) for child in function.body]

    def visit_Return(self, node):
        return node if node.value else mark()

    def inner(self, node):
        return node

    visit_FunctionDef = visit_AsyncFunctionDef = visit_ClassDef = inner


class PassOpen(ast.NodeTransformer):
    """Lets Open through every `except` of the program, and marks functions without a
    body: a prompt's own, which the program after it defines again."""

    def visit_FunctionDef(self, node):
        self.generic_visit(node)
        if all(isinstance(child, ast.Pass) or isinstance(child, ast.Expr)
               and isinstance(child.value, ast.Constant) for child in node.body):
            node.body.append(mark())
        return node

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_Try(self, node):
        self.generic_visit(node)
        if node.handlers:
            name = ast.Name(MARK, ast.Load())
            node.handlers.insert(0, ast.ExceptHandler(name, None, [ast.Raise()]))
        return node


def instrument(text, own):
    """The code of a completed text, marked.  SyntaxError: `text` is no program."""
    tree = ast.parse(text)
    if tree.body:
        Marker(text, own).statement(tree.body[-1])
    tree = ast.fix_missing_locations(PassOpen().visit(tree))
    return compile(tree, "<prefix>", "exec")


def prepare(source):
    """"fail" or "open" by the syntax alone, and the code to run where it is open."""
    text = source.replace("\r\n", "\n")
    text = text[:text.rfind("\n") + 1]
    try:
        lines = logical_lines(text)
        if lines and not lines[-1].end and not still_parses(text):
            return "fail", None
        return "open", instrument(*complete(text, lines))
    except SyntaxError as error:
        # The name may yet be bound in the function around.
        return ("open" if "nonlocal" in str(error) else "fail"), None
    except (ValueError, RecursionError, MemoryError):
        return "open", None  # a NUL byte, or nested beyond what the compiler takes


def new_namespace():
    module = types.ModuleType(MODULE_NAME)
    sys.modules[MODULE_NAME] = module  # dataclasses look their module up
    names = LaterNames(vars(builtins))
    namespace = vars(module)
    namespace.update({"__builtins__": names, MARK: Open})
    return namespace, names


def prefix_verdict(source, entry, run_tests):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        verdict, code = prepare(source)
    if verdict == "fail" or code is None or run_tests is None:
        return verdict
    namespace, names = new_namespace()
    before = touched()
    try:
        exec(code, namespace)
    except Exception:
        return "fail" if touched() == before else "open"
    except BaseException:
        return "open"
    if touched() != before or (entry and entry not in namespace):
        return "open"
    names.running = True
    try:
        return run_tests(namespace)
    except Open:
        return "open"
