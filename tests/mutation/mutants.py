"""What can be broken in a module: Cosmic Ray's operators, and statements left out."""

import ast
import random
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

from cosmic_ray import plugins
from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code

_WORTHLESS = ("VariableReplacer", "VariableInserter", "NoOp", "RemoveDecorator", "ExceptionReplacer")


class Fault(NamedTuple):
    """One that a module can be given: its place, what it is, and the module's code with it."""

    line: int
    what: str
    code: Callable[[], str | None]


class Mutant(NamedTuple):
    """The code of a module with a fault."""

    line: int
    what: str
    code: str


def mutants(code: str, seed: int) -> Iterator[Mutant]:
    """One for each place and kind, in random order, but for those that change only types, slots or documentation."""
    dice = random.Random(seed)
    places: defaultdict[tuple[int, str], list[Fault]] = defaultdict(list)
    for fault in [*_replaced(code), *_left_out(code)]:
        places[fault.line, fault.what.partition("_")[0]].append(fault)  # a comparison can become any of eight others
    order = sorted(places)
    dice.shuffle(order)
    as_it_is = _meaning(code)
    for place in order:
        fault = dice.choice(places[place])
        mutated = fault.code()
        if mutated is not None and _is_python(mutated) and _meaning(mutated) != as_it_is:
            yield Mutant(fault.line, fault.what, mutated)


def _replaced(code: str) -> Iterator[Fault]:
    nodes = list(ast_nodes(get_ast(code)))
    for name in plugins.operator_names():
        short = name.rpartition("/")[2].removeprefix("Replace")
        if short.startswith(_WORTHLESS):
            continue
        operator = plugins.get_operator(name)()
        positions = [start for node in nodes for start, _ in operator.mutation_positions(node)]
        for occurrence, (line, _) in enumerate(positions):
            yield Fault(line, short, partial(mutate_code, code, operator, occurrence))


def _left_out(code: str) -> Iterator[Fault]:
    """Calls, and what is added to something: what is bounded, told or woken usually hangs on one of them."""
    lines = code.splitlines(keepends=True)
    for node in ast.walk(ast.parse(code)):
        if not isinstance(node, ast.Expr | ast.AugAssign) or node.end_lineno is None:
            continue
        if isinstance(node, ast.AugAssign) or isinstance(node.value, ast.Call):
            left = lines[node.lineno - 1][: node.col_offset] + "pass\n"
            mutated = "".join([*lines[: node.lineno - 1], left, *lines[node.end_lineno :]])
            yield Fault(node.lineno, "LeftOut", partial(str, mutated))


def _is_python(code: str) -> bool:
    try:
        compile(code, "mutant", "exec")
    except SyntaxError:
        return False
    return True


def _meaning(code: str) -> str:
    tree = ast.parse(code)
    for node in ast.walk(tree):
        for forgotten in ("annotation", "returns"):
            if hasattr(node, forgotten):
                setattr(node, forgotten, None)
        if isinstance(node, ast.ClassDef):
            node.decorator_list = []  # slots and frozen
        _forget_docstring(node)
    return ast.dump(tree)


def _forget_docstring(node: Any) -> None:
    match getattr(node, "body", None):
        case [ast.Expr(value=ast.Constant(value=str())), *rest]:
            node.body = rest or [ast.Pass()]
