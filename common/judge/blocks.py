"""The blocks of code in what a policy wrote.

Fences are read as Markdown has them, and as models write them: indented, with tildes,
longer than three, with attributes, with the opening or the closing one left out, with
code on the fence's own line.
"""

import ast
import re
import textwrap

FENCE = re.compile(r"^([ \t]*(?:[-*+>] +|\d+[.)] +)?)(`{3,}|~{3,})[ \t]*(.*)$")
TAG = re.compile(r"[{.\s]*([\w+#-]*)")
# What stands for a fence with some models and in some prompts.
MARKS = re.compile(r"\[/?PYTHON\]|\[BEGIN\]|\[DONE\]|</?(?:code|answer|solution|pre)>",
                   re.IGNORECASE)
PYTHON_TAGS = {"python", "python3", "python2", "py", "py3", "ipython", "pycon", "cpython",
               "sage", "python-repl", "pyodide"}
OTHER_TAGS = {"bash", "sh", "shell", "console", "json", "yaml", "xml", "html", "cpp", "c",
              "java", "javascript", "js", "rust", "go", "sql", "output", "diff",
              "markdown", "md", "latex", "tex", "csv", "toml", "ini"}
CODE_LINE = re.compile(r"(?:python3?\s+)?((?:def|class|import|from|for|while|if)\s.*\W.*|"
                       r"print\(.*|@\w.*)$", re.IGNORECASE)
MAX_TRIES = 40  # of fences that may close one block


def tree_of(source):
    """The syntax tree, or None."""
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def parses(source):
    return tree_of(source) is not None


def does_something(tree):
    """Not just a word or a number, as prose and sample output may be."""
    for node in tree.body if tree else ():
        if isinstance(node, ast.Expr):
            if isinstance(node.value, (ast.Call, ast.Await)):
                return True
        elif not isinstance(node, ast.AnnAssign) or node.value:
            return True
    return False


class Block:
    def __init__(self, code, tag, closed=True):
        self.code, self.closed = code, closed
        self.is_python = tag in PYTHON_TAGS
        self.is_other = tag in OTHER_TAGS


def without_thinking(text):
    """What follows the thoughts.  Of a text that ends in them, all of it."""
    thought, found, rest = text.rpartition("</think>")
    return rest if found and rest.strip() else text


def normalised(text):
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    if "```" not in text and "~~~" not in text:
        text = MARKS.sub("\n```\n", text)
    return text


class Fence:
    """A line that may open or close a block; None is one that cannot."""

    def __init__(self, match):
        self.indent, self.marks, self.info = match.groups()
        self.tag = TAG.match(self.info)[1].lower()

    def may_close(self, opening):
        return self.marks[0] == opening.marks[0] and \
            len(self.marks) >= len(opening.marks)

    def code(self):
        """What stands on the fence's own line: ```def f(x):"""
        found = CODE_LINE.match(self.info)
        return found[1] if found else None

    def is_inline(self):
        """```x``` within a line of prose."""
        return self.marks[0] == "`" and "`" in self.info and not self.code()


def fence_of(line):
    match = FENCE.match(line)
    fence = Fence(match) if match else None
    return fence if fence and not fence.is_inline() else None


def end_of_block(lines, start, opening, head):
    """(the line of the closing fence, its length where it ends a line of code).

    The first that makes a program of what is before it, so that a fence within a
    string is none; or else the first."""
    found = []
    for i in range(start, len(lines)):
        fence = fence_of(lines[i])
        if fence and fence.may_close(opening):
            found.append((i, lines[i], ""))
        elif lines[i].rstrip().endswith(opening.marks) and not fence:
            found.append((i, "", lines[i].rstrip()[:-len(opening.marks)]))
        if len(found) >= MAX_TRIES:
            break
    for i, line, rest in found:
        body = body_of(lines[start:i] + [rest], opening, head)
        if parses(body) or parses(textwrap.dedent(body)):
            return i, rest
    plain = [(i, rest) for i, line, rest in found if line]
    return plain[0] if plain else (len(lines), "")


def body_of(lines, opening, head):
    """Without the indentation, or the quotation marks, of the fence itself."""
    width = len(opening.indent.expandtabs(4))
    if ">" in opening.indent:
        cut = [re.sub(r"^\s*> ?", "", line) for line in lines]
    else:
        cut = [line[min(width, len(line) - len(line.lstrip())):] for line in lines]
    return "\n".join(head + cut)


def blocks_of(text):
    """The blocks of a normalised text."""
    lines, blocks, i, bare = text.split("\n"), [], 0, 0
    while i < len(lines):
        fence = fence_of(lines[i])
        if not fence:
            i += 1
            continue
        before = "\n".join(lines[bare:i]) + "\n"
        if not blocks and not fence.info and is_bare_code(before):
            blocks.append(Block(before, "python"))
            i = bare = i + 1
            continue
        head = [fence.code()] if fence.code() else []
        end, rest = end_of_block(lines, i + 1, fence, head)
        closed = end < len(lines)
        body = body_of(lines[i + 1:end] + [rest] * closed, fence, head)
        blocks.append(Block(body, "python" if head else fence.tag, closed))
        if end < len(lines) and opens_another(lines[end], fence):
            i = bare = end
        else:
            i = bare = end + 1
    return blocks


def opens_another(line, before):
    """A fence with a language in it that ends a block opens the next one."""
    fence = fence_of(line)
    return fence is not None and (fence.tag in PYTHON_TAGS or fence.tag in OTHER_TAGS)


def is_bare_code(text):
    """Code up to a fence that none has opened: a program, or the body of a function."""
    return does_something(tree_of(text)) or does_something(
        tree_of("def _():\n" + text)) and text[:1] in " \t"
