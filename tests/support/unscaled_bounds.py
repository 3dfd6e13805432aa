"""Finds upper bounds on waiting in a test's source that ``patient`` does not scale."""

import ast
from collections.abc import Iterator, Mapping
from typing import Final

SCALE: Final = "patient"
SCALING: Final = frozenset(
    {"eventually", "eventually_async", "within", "settled", "until", "vendor_says", "ends", "has_members", "answers"}
)
"""Functions of the tests that scale their ``seconds`` themselves."""
NO_WAIT: Final = frozenset({"timedelta", "Latency", "ErrorAnswer", "Drain", "passes", "pytest.mark.timeout"})
"""Calls whose ``seconds`` are the length of something, or scaled by ``conftest``."""
SHORT: Final = 2.0
"""Seconds. Who waits no longer waits to see that something does not happen."""
KEYWORDS: Final = frozenset(
    {"timeout", "seconds", "ready_seconds", "pull_seconds", "timeout_seconds", "timeout_graceful_shutdown"}
)
"""Keywords that bound a wait."""
FIRST: Final = frozenset({"timeout", "wait", "join", "flush", "result", "set_default_timeout"})
SECOND: Final = frozenset({"wait_for"})
"""Functions that take the bound as their first, or second, argument."""
CLOCKS: Final = frozenset({"monotonic", "perf_counter", "process_time", "thread_time"})


def unscaled(source: str) -> Iterator[str]:
    """The calls, deadlines and comparisons of a module with a bound that is not scaled, or is scaled twice; as source."""
    tree = ast.parse(source)
    constants = dict(_constants(tree))
    for node in ast.walk(tree):
        if any(_number(bound, constants) > SHORT for bound in _bounds(node)) or _is_scaled_twice(node):
            yield ast.unparse(node)


def _constants(tree: ast.AST) -> Iterator[tuple[str, float]]:
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                yield name, _number(value, {})
            case ast.Assign(targets=[ast.Tuple(elts=names)], value=ast.Tuple(elts=values)):
                pairs = zip(names, values, strict=False)
                yield from ((name.id, _number(value, {})) for name, value in pairs if isinstance(name, ast.Name))
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                yield name, _number(value, {})


def _bounds(node: ast.AST) -> list[ast.expr]:
    match node:
        case ast.Call(func=function) if {ast.unparse(function), _name(function)} & (SCALING | NO_WAIT | {SCALE}):
            return []
        case ast.Call():
            keywords = KEYWORDS | ({"total"} if _name(node.func) == "ClientTimeout" else set())
            return [word.value for word in node.keywords if word.arg in keywords] + _by_position(node)
        case ast.BinOp(op=ast.Add(), left=ast.Call(func=clock), right=bound) if _name(clock) in CLOCKS:
            return [bound]
        case ast.Compare(left=ast.BinOp(op=ast.Sub(), left=ast.Call(func=clock))) if _name(clock) in CLOCKS:
            return _terms(node.comparators[-1])[-1:]
        case _:
            return []


def _by_position(call: ast.Call) -> list[ast.expr]:
    function, arguments = call.func, call.args
    if _name(function) == "to_thread" and arguments:
        function, arguments = arguments[0], arguments[1:]
    if _name(function) in FIRST:
        return arguments[:1]
    return arguments[1:2] if _name(function) in SECOND else []


def _terms(value: ast.expr) -> list[ast.expr]:
    """The parts of a sum."""
    return [*_terms(value.left), *_terms(value.right)] if isinstance(value, ast.BinOp) else [value]


def _is_scaled_twice(node: ast.AST) -> bool:
    match node:
        case ast.Call(func=function, keywords=keywords) if _name(function) in SCALING:
            return any(isinstance(word.value, ast.Call) and _name(word.value.func) == SCALE for word in keywords)
        case _:
            return False


def _number(value: ast.expr, constants: Mapping[str, float]) -> float:
    """What a literal, or a constant of the module, is; 0 for anything else."""
    match value:
        case ast.Constant(value=int() | float() as number):
            return float(number)
        case ast.Name(id=name):
            return constants.get(name, 0.0)
        case _:
            return 0.0


def _name(function: ast.expr) -> str:
    match function:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
        case _:
            return ""
