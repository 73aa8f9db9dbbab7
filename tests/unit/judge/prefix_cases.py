"""The partial verifier of code: what a text cut at a line can still become.

Run by tests/e2e/prefix.sh: python3 prefix_cases.py FOLDER_OF_PREFIX_PY
"""

import sys
import unittest

sys.path.insert(0, sys.argv.pop(1))

import prefix


def tester(*assertions):
    """run_tests over assertions, each one alone."""
    def run_tests(namespace):
        result = "pass"
        for assertion in assertions:
            before, failed = prefix.touched(), False
            try:
                exec(assertion, namespace)
            except (Exception, prefix.Open):
                failed = True
            if prefix.touched() != before:
                result = "open"
            elif failed:
                return "fail"
        return result
    return run_tests


def verdict(source, *assertions, entry="f"):
    return prefix.prefix_verdict(source, entry, tester(*assertions))


def syntax(source):
    return prefix.prefix_verdict(source, None, None)


class Syntax(unittest.TestCase):
    def test_can_still_be_completed(self):
        for source in (
                "", "\n", "# only a comment\n", "x = 1", "def f(", "def f(:",
                "def f(x):\n", "def f(x):\n    '''text\n", "def f(x):\n    return (1,\n",
                "@cache\n", "@cache\n@other(1,\n", "class A:\n", "if x:\n", "try:\n",
                "try:\n    x = 1\n", "try: x = 1\n", "try:\n    try:\n        x = 1\n",
                "try:\n    x = 1\nexcept E:\n", "while x: pass\nelse:\n",
                "for x in y:\n    try:\n        a()\n    finally:\n", "match x:\n",
                "match x:\n    case 1:\n", "x = [\n", "x = 1 + \\\n", "x = '''\n",
                "def f():\n    def g():\n        nonlocal c\n", "x = {'a': [1,\n  2],\n",
                "with a as b, \\\n", "async def f():\n    async with a:\n",
                "f(\n    lambda x:\n", "# '''\nx = 1\n", "def f():\n\n    # comment\n",
                "if a:\n    x\nelif (b and\n", "try:\n    x\nexcept (A,\n"):
            self.assertEqual(syntax(source), "open", source)

    def test_is_no_program_any_more(self):
        for source in (
                "def f(x)\n", "retrun x\n", "x = 'abc\n", "x = (1 2,\n", "x = (1]\n",
                "  x = 1\n", "def f():\nx = 1\n", "if x:\n    a\n  b\n", "else:\n",
                "x = 1\n    y = 2\n", "return 1\n", "break\n", "1 = x\n", "x = )\n",
                "def f():\n    try:\n        x\n    y = 1\n", "f(\nreturn x\n",
                "for x of y:\n", "def f(x, x):\n    pass\n", "x = 1 +\n"):
            self.assertEqual(syntax(source), "fail", source)

    def test_last_partial_line_is_left_out(self):
        self.assertEqual(syntax("x = 1\nretrun x"), "open")
        self.assertEqual(syntax("x = 1\nretrun x\n"), "fail")

    def test_line_ends_of_windows(self):
        self.assertEqual(verdict("def f(x):\r\n    return x\r\n", "assert f(1) == 1"),
                         "pass")


class Calls(unittest.TestCase):
    BRANCH = "def f(x):\n    if x:\n        return 1\n"

    def test_decided_by_what_is_written(self):
        self.assertEqual(verdict(self.BRANCH, "assert f(1) == 1"), "pass")
        self.assertEqual(verdict(self.BRANCH, "assert f(1) == 2"), "fail")
        self.assertEqual(verdict(self.BRANCH, "assert f(0) == 0"), "open")
        self.assertEqual(verdict(self.BRANCH, "assert f(0)", "assert f(1) == 2"), "fail")
        self.assertEqual(verdict(self.BRANCH, "assert f(0)", "assert f(1) == 1"), "open")

    def test_loops(self):
        text = "def f(x):\n    for y in x:\n        if y > 2:\n            return y\n"
        self.assertEqual(verdict(text, "assert f([3]) == 4"), "fail")
        self.assertEqual(verdict(text, "assert f([1, 3]) == 4"), "open")
        self.assertEqual(verdict(text, "assert f([]) == 4"), "open")
        text += "        y += 1\n    return 5\n"
        self.assertEqual(verdict(text, "assert f([1, 3]) == 4"), "fail")

    def test_exceptions(self):
        self.assertEqual(verdict("def f(x):\n    y = x[9]\n", "assert f([])"), "fail")
        text = "def f(x):\n    try:\n        return x[9]\n"
        self.assertEqual(verdict(text, "assert f([])"), "open")
        text += "    except KeyError:\n        return 2\n"
        self.assertEqual(verdict(text, "assert f({}) == 3"), "open")  # a finally may come
        text += "    return 0\n"
        self.assertEqual(verdict(text, "assert f({}) == 3"), "fail")
        self.assertEqual(verdict(text, "assert f([]) == 3"), "fail")

    def test_marks_pass_the_programs_own_handlers(self):
        for handler in ("except:", "except BaseException:", "except Exception:"):
            text = ("def f(x):\n    try:\n        return g(x)\n    " + handler +
                    "\n        return 0\n    return 1\n\ndef g(x):\n    x += 1\n")
            self.assertEqual(verdict(text, "assert f(1) == 5"), "open", handler)
        text = ("def f(x):\n    try:\n        return g(x)\n    finally:\n        return 0\n"
                "    return 1\n\ndef g(x):\n    x += 1\n")
        self.assertEqual(verdict(text, "assert f(1) == 5"), "open")

    def test_names_that_may_come(self):
        text = "def f(x):\n    return helper(x)\n"
        self.assertEqual(verdict(text, "assert f(1) == 1"), "open")
        caught = "def f(x):\n    try:\n        return helper(x)\n    except NameError:\n" \
                 "        return 0\n    return 1\n"
        self.assertEqual(verdict(caught, "assert f(1) == 1"), "open")
        self.assertEqual(verdict("x = 1\n", "assert f(1)"), "open")
        self.assertEqual(verdict("x = 1\n", "assert g(1)", entry=""), "open")
        self.assertEqual(verdict("x = y\n", "assert f(1)"), "fail")

    def test_top_level(self):
        self.assertEqual(verdict("x = 1 / 0\n", "assert f(1)"), "fail")
        self.assertEqual(verdict("for x in range(3):\n    y = x\n", "assert f(1)"), "open")
        self.assertEqual(verdict("import sys\nsys.exit(1)\n", "assert f(1)"), "open")
        main = "def f(x):\n    return x\n\nif __name__ == '__main__':\n    f(\n"
        self.assertEqual(verdict(main, "assert f(1) == 1"), "pass")

    def test_generators(self):
        text = "def f(x):\n    if not x:\n        return\n"
        self.assertEqual(verdict(text, "assert list(f(0)) == []"), "open")
        text += "    yield x\n    return\n"
        self.assertEqual(verdict(text, "assert list(f(0)) == []"), "pass")
        self.assertEqual(verdict(text, "assert list(f(1)) == [2]"), "fail")

    def test_open_blocks_of_every_kind(self):
        for head in ("while True:", "with open('/dev/null') as y:", "if True:", "if x:",
                     "try:", "def g():"):
            text = f"def f(x):\n    {head}\n        x += 1\n"
            self.assertEqual(verdict(text, "assert f(1) == 9"), "open", head)
        text = "def f(x):\n    match x:\n        case 1:\n            return 5\n"
        self.assertEqual(verdict(text, "assert f(1) == 9"), "fail")
        self.assertEqual(verdict(text, "assert f(2) == 9"), "open")

    def test_an_unfinished_statement_closes_the_blocks_below_it(self):
        text = "def f(x):\n    for y in x:\n        return 1\n    z = (\n"
        self.assertEqual(verdict(text, "assert f([1]) == 2"), "fail")
        self.assertEqual(verdict(text, "assert f([]) == 2"), "open")

    def test_one_line_blocks(self):
        text = "def f(x): return x + 1\n"
        self.assertEqual(verdict(text, "assert f(1) == 3"), "fail")
        self.assertEqual(verdict(text, "assert f(1) == 2"), "pass")
        text = "def f(x):\n    if x: return 1\n"
        self.assertEqual(verdict(text, "assert f(0) == 3"), "open")

    def test_a_prompts_empty_function_is_written_again(self):
        text = 'def f(x):\n    """text"""\n\nimport math\n'
        self.assertEqual(verdict(text, "assert f(1) == 1"), "open")

    def test_classes(self):
        text = "class A:\n    def g(self):\n        return 1\n"
        self.assertEqual(verdict(text, "assert f(1) == 1"), "open")
        text += "\ndef f(x):\n    return A().g()\n"
        self.assertEqual(verdict(text, "assert f(1) == 1"), "pass")
        self.assertEqual(verdict(text, "assert f(1) == 2"), "fail")

    def test_dataclasses_find_their_module(self):
        text = ("from dataclasses import dataclass\n\n@dataclass\nclass A:\n    x: 'int'\n\n"
                "def f(x):\n    return A(x).x\n")
        self.assertEqual(verdict(text, "assert f(1) == 1"), "pass")


class EveryPrefix(unittest.TestCase):
    """No prefix of a right program is called wrong, wherever it is cut."""

    PROGRAM = '''\
from functools import lru_cache


class Stack(list):
    """A list."""

    def top(self):
        return self[-1]


@lru_cache(maxsize=None)
def f(n, *, deep=(1,
                  2)):
    """Sums, ("in" [several ways.
    """
    total = 0  # not '\\'\\'\\'
    for i in range(n):
        try:
            if i % 2: continue
            total += value_of(i)
        except KeyError as error:
            total += len(str(error))
        except (ValueError,
                TypeError):
            return None
        else:
            total += 1
        finally:
            total += 0
    while total > 100:
        total -= 7
        if total == 50:
            break
    else:
        total += 1
    match n:
        case 0:
            return 0
        case _:
            pass
    stack = Stack([x for x in (total,
                               n)])

    def last():
        nonlocal extra
        extra += 1
        return stack.top() + extra
    extra = \\
        2
    with open("/dev/null") as file: file.read()
    return last() + sum(g(3))


def value_of(i):
    return {0: 4,
            2: 5}[i]


def g(n):
    if n == 0:
        return
    yield n
    yield from g(n - 1)
'''

    def test_no_false_alarm(self):
        scope = {"__name__": "whole"}
        exec(self.PROGRAM, scope)
        tests = [f"assert f({n}) == {scope['f'](n)}" for n in range(12)]
        seen = set()
        for end in range(len(self.PROGRAM) + 1):
            result = verdict(self.PROGRAM[:end], *tests)
            self.assertIn(result, ("open", "pass"), self.PROGRAM[:end])
            seen.add(result)
        self.assertEqual(result, "open")  # g may go on
        self.assertEqual(verdict(self.PROGRAM + "x = 1\n", *tests), "pass")


if __name__ == "__main__":
    unittest.main()
