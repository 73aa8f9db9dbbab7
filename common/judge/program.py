"""From what the policy wrote to the source of a program.

The program is the last block that defines what the tests ask for, with what it takes
from the other blocks; a block of examples, tests or output hides none.  See tests.md.
"""

import ast
import builtins
import re
import textwrap

PLAIN_BODY = "    pass\n\n"
PROMPTS = re.compile(r"^[ \t]*(>>>|\.\.\.)( |$)", re.MULTILINE)
READS_STDIN = re.compile(r"\binput\b|\bstdin\b|\bfileinput\b|open\(\s*0|os\.read")
CODE_START = re.compile(r"(def|class|import|from|async|@|[A-Za-z_]\w*\s*=)")
MEANT = re.compile(r"^[ \t]*>>> |[\u00a0\u200b]|&(lt|gt|amp|quot|#\d+|#x[0-9a-f]+);",
                   re.IGNORECASE | re.MULTILINE)  # what cleaned() may make a program of
CODE_LINE_AT_LEFT = re.compile(r"^\S", re.MULTILINE)
MAX_LINES = 2000  # of a text in which code without a fence is looked for


def without_prompts(code):
    """The lines behind `>>> ` and `... `, where some have that."""
    if not re.search(r"^[ \t]*>>> ", code, re.MULTILINE):
        return code
    lines = [line[match.end():] for line in code.split("\n")
             if (match := PROMPTS.match(line))]
    return "\n".join(lines) + "\n"


def cleaned(code):
    """What was meant by code that is no program as it stands."""
    spaces = code.replace("\u00a0", " ").replace("\u200b", "").replace("\ufeff", "")
    attempts = [textwrap.dedent(code), without_prompts(code), textwrap.dedent(spaces)]
    if "&" in code:
        import html
        attempts.append(textwrap.dedent(html.unescape(spaces)))
    return next(filter(parses, attempts), code)


def bound_at_top(tree):
    """The names that the top level of a program binds."""
    found = set()
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.add(node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            found |= {(a.asname or a.name).partition(".")[0] for a in node.names}
        else:
            found |= {each.id for each in ast.walk(node) if isinstance(each, ast.Name)
                      and isinstance(each.ctx, ast.Store)}
    return found


def is_stub(node):
    """A function without a body."""
    return isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and all(
        isinstance(child, ast.Pass) or isinstance(child, ast.Expr)
        and isinstance(child.value, ast.Constant) for child in node.body)


class Candidate:
    """A block as a program."""

    def __init__(self, block):
        self.block = block
        self.code = block.code if parses(block.code) else cleaned(block.code)
        self.tree = tree_of(self.code)
        self.bound = bound_at_top(self.tree) if self.tree else set()

    def methods(self):
        """The names that a class Solution has."""
        return {child.name for node in self.tree.body
                if isinstance(node, ast.ClassDef) and node.name == "Solution"
                for child in node.body if isinstance(child, ast.FunctionDef)}

    def score(self, wanted):
        """How many of the wanted names it defines."""
        if not self.tree:
            return 0
        stubs = {node.name for node in self.tree.body if is_stub(node)}
        return len(wanted & ((self.bound | self.methods()) - stubs))

    def definitions(self):
        """Its top level without what it does."""
        kept = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import,
                ast.ImportFrom, ast.Assign, ast.AnnAssign)
        body = [node for node in self.tree.body if isinstance(node, kept)]
        return ast.unparse(ast.Module(body, [])) + "\n"


def joined(chosen, others):
    """The chosen block behind those that define what it lacks."""
    if not chosen.tree:
        return chosen.code
    lacks = {name for name in free_names(code_nodes(chosen.tree)) if not hasattr(builtins, name)}
    helping = []
    for other in reversed(others):
        found = lacks & other.bound
        if other is not chosen and other.tree and found:
            helping.insert(0, other)
            lacks = lacks - found | {n for n in free_names(code_nodes(other.tree))
                                     if not hasattr(builtins, n)}
    future, code = split_future(chosen.code)
    return future + "".join(other.definitions() for other in helping) + code


def split_future(code):
    """(its imports from __future__, the rest)."""
    lines = code.split("\n")
    future = [line for line in lines if line.startswith("from __future__ import ")]
    if not future:
        return "", code
    return "\n".join(future) + "\n", "\n".join(
        line for line in lines if line not in future)


def choose(candidates, wanted, reads_stdin):
    """The last of those that define most of what is wanted; without any such name, that
    read stdin if the program has to; None."""
    able = [c for c in candidates if does_something(c.tree) and not c.block.is_other]
    python = [c for c in able if c.block.is_python]
    best = max((c.score(wanted) for c in able), default=0)
    if wanted:
        able = [c for c in able if c.score(wanted) == best] if best else []
    else:
        able = python or able
        if reads_stdin:
            able = [c for c in able if READS_STDIN.search(c.code)] or able
    return able[-1] if able else None


def longest_code(text, wanted):
    """The longest run of lines that is a program and defines what is wanted, for code
    among prose; None."""
    lines = text.split("\n")[:MAX_LINES]
    best = None
    starts = [i for i, line in enumerate(lines) if CODE_START.match(line)]
    for start in starts[:MAX_TRIES // 2]:
        if best and start < best[1]:
            continue
        ends = [i for i in range(len(lines), start, -1)
                if i == len(lines) or lines[i][:1].strip()]
        for end in ends[:MAX_TRIES] + ends[MAX_TRIES:][-MAX_TRIES:]:
            tree = tree_of("\n".join(lines[start:end]) + "\n")
            if does_something(tree) and (not wanted or wanted & bound_at_top(tree)):
                if not best or end - start > best[1] - best[0]:
                    best = start, end
                break
    return "\n".join(lines[best[0]:best[1]]) + "\n" if best else None


def bodies(text):
    """The ways to take `text` for the body of a function that a prefix begins."""
    yield text
    lines = text.expandtabs(4).split("\n")
    yield "\n".join(lines)
    inside = textwrap.dedent("\n".join(lines))
    yield textwrap.indent(inside, "    ")
    first = next((i for i, line in enumerate(lines) if line.strip()), 0)
    rest = textwrap.dedent("\n".join(lines[first + 1:]))
    yield textwrap.indent(lines[first].strip() + "\n" + rest, "    ")
    yield "    " + lines[first].strip() + "\n" + "\n".join(lines[first + 1:])
    indented = next((i for i, line in enumerate(lines) if line[:1] == " "), first)
    yield "\n".join(lines[indented:])


def goes_on(prefix, code, entry):
    """Whether the function that the prefix begins has a body in the code behind it."""
    tree = tree_of(code)
    return tree is not None and any(
        isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name == entry
        and node.end_lineno > prefix.count("\n") for node in tree.body) and compiles(code)


def compiles(code):
    try:
        compile(code, "<program>", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def continued(prefix, text, entry):
    """The prefix and the body of its function, without the prose behind it; or None."""
    for body in bodies(text):
        if goes_on(prefix, prefix + body, entry):
            return prefix + body
    for body in bodies(text):
        lines = body.split("\n")
        ends = [i for i, line in enumerate(lines) if line[:1].strip()]
        for end in ends[:MAX_TRIES][::-1]:
            code = prefix + "\n".join(lines[:end]) + "\n"
            if goes_on(prefix, code, entry):
                return code
    return None


def behind_prefix(prefix, code):
    """A program of its own that may use the imports and helpers of the prefix."""
    future, code = split_future(code)
    closed = prefix if parses(prefix) else prefix + "\n" + PLAIN_BODY
    return future + closed + "\n" + code


def is_plain(prefix, code):
    """Nothing is to be chosen or mended, as of most replies: a program, or the body of
    the function that the prefix begins."""
    return (not prefix or code[:1].isspace() and not CODE_LINE_AT_LEFT.search(code)) \
        and code.strip() != "" and compiles(prefix + code)


def program_source(job):
    text, prefix, wanted = job["text"], job["prefix"], set(job["names"])
    text = normalised(without_thinking(text))
    blocks = blocks_of(text)
    if not blocks[1:] and is_plain(prefix, blocks[0].code if blocks else text):
        return prefix + (blocks[0].code if blocks else text)
    candidates = [Candidate(block) for block in blocks]
    chosen = choose(candidates, wanted, job["form"] == "stdio")
    if chosen is None and not candidates:
        whole = Candidate(Block(text, ""))
        chosen = whole if whole.tree and (not prefix or whole.score(wanted)) else None
        candidates = [whole]
    if chosen is not None:
        code = joined(chosen, candidates)
        return behind_prefix(prefix, code) if prefix else code
    likely = [c.block.code for c in candidates if not c.block.is_other] or [text]
    indented = re.search(rf"^[ \t]+(async )?def {re.escape(job['entry'])}\b", text,
                         re.MULTILINE)  # the function itself, not a body of it
    if prefix and not indented:
        for code in reversed(likely):
            found = continued(prefix, code, job["entry"])
            if found:
                return found
    found = longest_code(text, wanted) or longest_code(
        re.sub(r"^( {4}|\t)", "", text, flags=re.MULTILINE), wanted)
    if found:
        return behind_prefix(prefix, found) if prefix else found
    return prefix + likely[-1]


# Programs that are still being written.

def partial_sources(job):
    """The ways to take the program so far, for prefix.py; none where the text does not
    tell, since what counts may be written later."""
    text, prefix, wanted = job["text"], job["prefix"], set(job["names"])
    if "<think>" in text and "</think>" not in text:
        return []
    text = normalised(without_thinking(text))
    blocks = blocks_of(text)
    written = blocks[-1] if blocks and not blocks[-1].closed else None
    closed = [Candidate(block) for block in blocks if block is not written]
    if blocks and (not written or written.is_other) or any(
            c.tree is None for c in closed) or is_answer(closed, job):
        return []
    code = written.code if written else text
    if MEANT.search(code):
        return []
    code = "".join(c.definitions() for c in closed) + code
    if not prefix:
        return [code]
    if re.search(rf"^(async )?def {re.escape(job['entry'])}\b", code, re.MULTILINE):
        return [behind_prefix(prefix, code)]
    future, code = split_future(code)
    return list(dict.fromkeys(future + prefix + body for body in bodies(code)))


def is_answer(closed, job):
    """Whether a block that is written to its end counts, unless another follows."""
    return choose(closed, set(job["names"]), job["form"] == "stdio") is not None or any(
        continued(job["prefix"], c.block.code, job["entry"])
        for c in closed if job["prefix"])


def may_be_prose(job):
    """A text without a fence of Python that is no program so far, or not any more from
    some line on that is not indented: what was wrong may be words."""
    text = normalised(without_thinking(job["text"]))
    blocks = blocks_of(text)
    if blocks:
        return not blocks[-1].is_python and not parses(blocks[-1].code)
    if not job["prefix"]:
        return not does_something(tree_of(text))
    lines = text[:text.rfind("\n") + 1].split("\n")
    return any(line[:1].strip() and not parses(
        job["prefix"] + "\n".join(lines[:i + 1]) + "\n") and parses(
            job["prefix"] + "\n".join(lines[:i]) + "\n")
        for i, line in enumerate(lines))
