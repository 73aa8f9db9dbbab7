"""Wrong programs out of right ones, the same ones every time.

    mutants(name, prompt, body) yields (kind, changed body)

One place for each kind, drawn by a hash of the program's name and the kind; only the
body is changed.  Whether a mutant fails its tests is for the caller to see.
"""

import ast
import hashlib
import re

SWAPPED = {ast.Add: ("+", "-"), ast.Sub: ("-", "+"), ast.Mult: ("*", "+"),
           ast.FloorDiv: ("//", "*"), ast.Div: ("/", "*"), ast.Mod: ("%", "*")}
FLIPPED = {ast.Lt: ("<", "<="), ast.LtE: ("<=", "<"), ast.Gt: (">", ">="),
           ast.GtE: (">=", ">"), ast.Eq: ("==", "!="), ast.NotEq: ("!=", "==")}


class Text:
    """A program's bytes, and where the nodes of its tree stand in them."""

    def __init__(self, prompt, body):
        self.bytes = (prompt + body).encode()
        self.first = len(prompt.encode())
        self.tree = ast.parse(prompt + body)
        self.starts = [0]
        for line in self.bytes.splitlines(keepends=True):
            self.starts.append(self.starts[-1] + len(line))

    def span(self, node):
        return (self.starts[node.lineno - 1] + node.col_offset,
                self.starts[node.end_lineno - 1] + node.end_col_offset)

    def nodes(self, kinds):
        """In the body, in the order of the text."""
        found = [n for n in ast.walk(self.tree)
                 if isinstance(n, kinds) and self.span(n)[0] >= self.first]
        return sorted(found, key=self.span)

    def replaced(self, start, end, new):
        changed = self.bytes[:start] + new.encode() + self.bytes[end:]
        return changed[self.first:].decode()


def constants(text):
    for node in text.nodes(ast.Constant):
        if type(node.value) is int:
            yield (*text.span(node), str(node.value + 1))


def between(text, left, right, old, new):
    """The operator between two operands."""
    start, end = text.span(left)[1], text.span(right)[0]
    at = text.bytes.find(old.encode(), start, end)
    if at >= 0:
        yield at, at + len(old), new


def operators(text):
    for node in text.nodes(ast.BinOp):
        if type(node.op) in SWAPPED:
            yield from between(text, node.left, node.right, *SWAPPED[type(node.op)])


def comparisons(text):
    for node in text.nodes(ast.Compare):
        if type(node.ops[0]) in FLIPPED:
            yield from between(text, node.left, node.comparators[0],
                               *FLIPPED[type(node.ops[0])])


def deletions(text):
    simple = (ast.Assign, ast.AugAssign, ast.Expr, ast.Break, ast.Continue)
    for node in text.nodes(simple):
        yield (*text.span(node), "pass")


def returns(text):
    for node in text.nodes(ast.Return):
        if node.value is not None:
            yield (*text.span(node.value), "0")


def renames(text):
    names = sorted({n.id for n in text.nodes(ast.Name) if isinstance(n.ctx, ast.Store)})
    for node in text.nodes(ast.Name):
        others = [name for name in names if name != node.id]
        if isinstance(node.ctx, ast.Load) and node.id in names and others:
            yield (*text.span(node), others[0])


KINDS = {"constant + 1": constants, "operator swapped": operators,
         "comparison flipped": comparisons, "line deleted": deletions,
         "wrong return": returns, "variable renamed": renames}


def by_pattern(pattern, new):
    def places(text):
        for match in re.finditer(pattern, text.bytes[text.first:].decode(), re.MULTILINE):
            yield match.start(), match.end(), new
    return places


BROKEN = {"bracket dropped": by_pattern(r"[)\]]", ""),
          "bracket too many": by_pattern(r"\)", "))"),
          "colon dropped": by_pattern(r":$", ""),
          "indented too far": by_pattern(r"^ {4}(?=\S)", "       "),
          "keyword misspelt": by_pattern(r"\breturn ", "retrun "),
          "quote dropped": by_pattern(r"['\"]", "")}


def draw(name, kind, places):
    digest = hashlib.sha256(f"{name} {kind}".encode()).digest()
    return places[int.from_bytes(digest[:8], "little") % len(places)]


def is_broken(source):
    try:
        ast.parse(source)
    except (SyntaxError, ValueError):
        return True
    return False


def mutants(name, prompt, body):
    text = Text(prompt, body)
    for kind, find in KINDS.items():
        places = list(find(text))
        if places:
            changed = text.replaced(*draw(name, kind, places))
            if not is_broken(prompt + changed):
                yield kind, changed
    for kind, find in BROKEN.items():
        places = list(find(text))
        if places:
            start, end, new = draw(name, kind, places)
            changed = body[:start] + new + body[end:]
            if is_broken(prompt + changed):
                yield kind, changed
