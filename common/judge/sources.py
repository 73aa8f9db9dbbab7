"""The source of tests: which names it takes from the program, and in what order it
computes.
"""

import ast
import builtins
import sys

DISPLAYS = (ast.List, ast.Tuple, ast.Set, ast.Dict)
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def code_nodes(tree):
    """All nodes, but for the constants in displays: tests may hold megabytes of those."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, ast.Dict):
            children = [*node.keys, *node.values]
        elif isinstance(node, DISPLAYS):
            children = node.elts
        else:
            children = ast.iter_child_nodes(node)
        waiting += [c for c in children if c and not isinstance(c, ast.Constant)]


def bound_names(tree):
    """Every name that is bound somewhere in it."""
    found = set()
    for node in code_nodes(tree):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            found.add(node.id)
        elif isinstance(node, DEFINITIONS):
            found.add(node.name)
        elif isinstance(node, ast.arg):
            found.add(node.arg)
        elif isinstance(node, ast.alias):
            found.add((node.asname or node.name).partition(".")[0])
        elif isinstance(node, ast.ExceptHandler) and node.name:
            found.add(node.name)
    return found


def called_names(tree):
    return {node.func.id for node in code_nodes(tree)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}


def free_names(tree):
    loaded = {node.id for node in code_nodes(tree)
              if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    return loaded - bound_names(tree)


def program_names(tree, entry):
    """(names that are the program's though a module or a builtin has them too,
    names that the tests take from the program)."""
    free = free_names(tree)
    if entry:
        taken = {entry}
    else:
        called = called_names(tree) & free
        taken = called & sys.stdlib_module_names
        if not taken and all(hasattr(builtins, name) for name in called):
            taken = called
    plain = {name for name in free if not hasattr(builtins, name)
             and name not in sys.stdlib_module_names}
    return taken, taken | plain


class Order:
    """In a comparison or a call, what the tests compute is computed before what the
    program does, so that nothing the program changes in place has a part in it:

        assert f(a) == sorted(a)      becomes      assert (t := sorted(a), f(a))[1] == t
    """

    def __init__(self, tree):
        bound = bound_names(tree)
        self.own = {node.name for node in code_nodes(tree)
                    if isinstance(node, DEFINITIONS)}
        self.own |= {name for name in dir(builtins) if name not in bound}
        self.count = 0

    def calls_program(self, tree):
        return any(isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
                   and node.func.id not in self.own for node in code_nodes(tree))

    def is_computed(self, tree):
        if isinstance(tree, (ast.Starred, ast.Name, ast.Constant, ast.Lambda, *DISPLAYS)):
            return False
        return not any(isinstance(node, (ast.NamedExpr, ast.Await, ast.Yield,
                                         ast.YieldFrom)) for node in code_nodes(tree))

    def hoist(self, operands):
        """The operands in their new order; those that move, as (name, expression)."""
        first = next((i for i, each in enumerate(operands) if self.calls_program(each)),
                     len(operands))
        for i in range(first + 1, len(operands)):
            if self.is_computed(operands[i]) and not self.calls_program(operands[i]):
                self.count += 1
                name = f"__computed_{self.count}__"
                stored = ast.NamedExpr(ast.Name(name, ast.Store()), operands[i])
                operands[i] = ast.Name(name, ast.Load())
                operands[first] = ast.Subscript(
                    ast.Tuple([stored, operands[first]], ast.Load()), ast.Constant(1),
                    ast.Load())
        return operands

    def apply(self, tree):
        for node in list(code_nodes(tree)):
            if isinstance(node, ast.Compare):
                node.left, *node.comparators = self.hoist([node.left, *node.comparators])
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                node.args = self.hoist(node.args)
        return ast.fix_missing_locations(tree) if self.count else tree


def in_order(tree):
    return Order(tree).apply(tree)
