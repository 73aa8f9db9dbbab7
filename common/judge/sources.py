"""The source of tests: which names it takes from the program, and in what order it
computes.
"""

import ast
import builtins
import sys

DISPLAYS = (ast.List, ast.Tuple, ast.Set)
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def is_code(node):
    """Not a constant, signed or not: tests may hold megabytes of those."""
    kind = type(node)
    return node is not None and kind is not ast.Constant and not (
        kind is ast.UnaryOp and type(node.operand) is ast.Constant)


def code_nodes(tree):
    """All nodes but constants, in no order."""
    found = [tree]
    for node in found:
        kind = type(node)
        if kind in DISPLAYS:
            found += filter(is_code, node.elts)
        elif kind is ast.Dict:
            found += filter(is_code, node.keys + node.values)
        elif kind is not ast.Name:
            found += filter(is_code, ast.iter_child_nodes(node))
    return found


def bound_names(nodes):
    """Every name that is bound somewhere."""
    found = set()
    for node in nodes:
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


def called_names(nodes):
    return {node.func.id for node in nodes
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}


def free_names(nodes):
    loaded = {node.id for node in nodes
              if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    return loaded - bound_names(nodes)


def program_names(nodes, entry):
    """(names that are the program's though a module or a builtin has them too,
    names that the tests take from the program)."""
    free = free_names(nodes)
    plain = {name for name in free if not hasattr(builtins, name)
             and name not in sys.stdlib_module_names}
    if entry:
        taken = {entry}
    else:
        called = called_names(nodes) & free
        taken = called & sys.stdlib_module_names
        if not taken and not plain:
            taken = called
    return taken, taken | plain


def at(place, tree):
    """A tree that stands where another does; it has few nodes of its own."""
    ast.copy_location(tree, place)
    return ast.fix_missing_locations(tree)


class Order:
    """In a comparison or a call, what the tests compute is computed before what the
    program does, so that nothing the program changes in place has a part in it:

        assert f(a) == sorted(a)      becomes      assert (t := sorted(a), f(a))[1] == t
    """

    def __init__(self, nodes):
        self.nodes = nodes
        bound = bound_names(nodes)
        self.own = {node.name for node in nodes if isinstance(node, DEFINITIONS)}
        self.own |= {name for name in dir(builtins) if name not in bound}
        self.count = 0

    def calls_program(self, tree):
        return any(isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
                   and node.func.id not in self.own for node in code_nodes(tree))

    def is_computed(self, tree):
        if isinstance(tree, (ast.Starred, ast.Name, ast.Constant, ast.Lambda, ast.Dict,
                             *DISPLAYS)):
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
                both = ast.Tuple([stored, operands[first]], ast.Load())
                place = operands[first]
                operands[i] = at(place, ast.Name(name, ast.Load()))
                operands[first] = at(place, ast.Subscript(both, ast.Constant(1),
                                                          ast.Load()))
        return operands

    def apply(self, tree):
        for node in self.nodes:
            if isinstance(node, ast.Compare):
                node.left, *node.comparators = self.hoist([node.left, *node.comparators])
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                node.args = self.hoist(node.args)
        return tree


def in_order(tree):
    return Order(code_nodes(tree)).apply(tree)
