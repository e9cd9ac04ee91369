"""What a template's text is made of. Pure.

jinja2 parses it; of what jinja2 can, a template may use what cannot run away: placeholders, the
filters of filters.py, comments, `raw`, and `if` on parameters. Everything else is refused by name,
so the longest text that a template can make is known, and rendering it takes no time to speak of.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from jinja2 import StrictUndefined, nodes
from jinja2.exceptions import TemplateSyntaxError
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from modemgw.config.templates import MAX_CHARACTERS
from modemgw.gateway.templates.filters import FILTERS

MAX_DEPTH = 8
"""Of `if` within `if`."""
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}", re.ASCII)
RESERVED = frozenset(
    {"and", "else", "elif", "endif", "false", "False", "if", "in", "is", "loop", "none", "None"}
    | {"not", "or", "raw", "self", "true", "True"}
)
"""Names that mean something else to jinja2."""

_COMPARED = {"eq": "==", "ne": "!=", "lt": "<", "lteq": "<=", "gt": ">", "gteq": ">="}


class LanguageError(ValueError):
    """The text is no template; the message says why, and what would be right."""


@dataclass(frozen=True, slots=True)
class Call:
    """A filter with its arguments."""

    filter: str
    arguments: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Placeholder:
    """Where a parameter's value stands, and what is done to it before."""

    name: str
    calls: tuple[Call, ...] = ()


@dataclass(frozen=True, slots=True)
class Test:
    """What an `if` asks of a parameter: whether it is there, or how it compares."""

    name: str
    operator: str | None = None
    constant: Any = None


@dataclass(frozen=True, slots=True)
class Choice:
    """An `if`: one of the branches is taken."""

    tests: tuple[Test, ...]
    branches: tuple[tuple[Piece, ...], ...]


Piece = str | Placeholder | Choice


def parse(text: str) -> tuple[Piece, ...]:
    """What a template is made of, in its order. Raises LanguageError."""
    if len(text) > MAX_CHARACTERS:
        raise LanguageError(f"has {len(text):,} characters, {MAX_CHARACTERS:,} at most")
    try:
        tree = _JINJA.parse(text)
        return _joined(_pieces(tree.body, 0))
    except TemplateSyntaxError as error:
        raise LanguageError(f"line {error.lineno}: {_sentence(error.message)}") from error
    except RecursionError as error:
        raise LanguageError("is nested too deeply") from error


def compiled(text: str) -> Callable[[dict[str, Any]], str]:
    """What renders a text that `parse` has nothing against, with values by their names."""
    made = _JINJA.from_string(text)
    root, blocks = made.root_render_func, made.blocks

    def render(values: dict[str, Any]) -> str:
        # As jinja2's own `render`, without what it does for loops, includes and globals: a third.
        return "".join(root(Context(_JINJA, values, None, blocks)))

    return render


def placeholders(pieces: Sequence[Piece]) -> Iterator[Placeholder]:
    """Every place where a value may stand, in whatever branch."""
    for piece in pieces:
        if isinstance(piece, Placeholder):
            yield piece
        elif isinstance(piece, Choice):
            for branch in piece.branches:
                yield from placeholders(branch)


def tests(pieces: Sequence[Piece]) -> Iterator[Test]:
    """Everything that is asked of parameters, in whatever branch."""
    for piece in pieces:
        if isinstance(piece, Choice):
            yield from piece.tests
            for branch in piece.branches:
                yield from tests(branch)


def names(pieces: Sequence[Piece]) -> list[str]:
    """The parameters that are used, each once, in the order of their first use."""
    shown = (place.name for place in placeholders(pieces))
    asked = (test.name for test in tests(pieces))
    return list(dict.fromkeys((*shown, *asked)))


def _environment() -> ImmutableSandboxedEnvironment:
    made = ImmutableSandboxedEnvironment(
        autoescape=False, keep_trailing_newline=True, undefined=StrictUndefined, cache_size=0
    )
    made.filters = {name: about.apply for name, about in FILTERS.items()}
    made.globals, made.tests = {}, {}
    return made


_JINJA = _environment()


def _sentence(message: str | None) -> str:
    return (message or "it cannot be read").rstrip(".")


def _pieces(body: Sequence[nodes.Node], depth: int) -> Iterator[Piece]:
    for node in body:
        match node:
            case nodes.Output():
                for shown in node.nodes:
                    yield _shown(shown)
            case nodes.If():
                if depth == MAX_DEPTH:
                    raise _refused(node, f"has `if` within `if` more than {MAX_DEPTH} times")
                branches = [node, *node.elif_]
                yield Choice(
                    tuple(test for branch in branches for test in _tests(branch.test)),
                    (
                        *(_joined(_pieces(branch.body, depth + 1)) for branch in branches),
                        _joined(_pieces(node.else_, depth + 1)),
                    ),
                )
            case nodes.For():
                raise _refused(node, "has {% for %}: nobody could tell how long it becomes")
            case _:
                what = type(node).__name__.lower()
                raise _refused(node, f"has {{% {what} %}}; there is {{% if %}}, and nothing else")


def _joined(pieces: Iterable[Piece]) -> tuple[Piece, ...]:
    """With texts that follow each other as one, and without empty ones."""
    found: list[Piece] = []
    for piece in pieces:
        if isinstance(piece, str) and found and isinstance(found[-1], str):
            found[-1] += piece
        elif piece:
            found.append(piece)
    return tuple(found)


def _shown(node: nodes.Expr) -> str | Placeholder:
    match node:
        case nodes.TemplateData():
            return node.data
        case nodes.Const(value=str() as text):
            return text
        case nodes.Name() | nodes.Filter():
            return _placeholder(node)
        case nodes.CondExpr():
            raise _refused(node, "has an `if` in {{ }}; write {% if … %}…{% else %}…{% endif %}")
        case _:
            raise _refused(node, "has more in {{ }} than a parameter's name and filters")


def _placeholder(node: nodes.Expr) -> Placeholder:
    calls: list[Call] = []
    while isinstance(node, nodes.Filter):
        calls.append(_call(node))
        if node.node is None:
            raise _refused(node, "has a filter of nothing")
        node = node.node
    if not isinstance(node, nodes.Name):
        raise _refused(node, "has more in {{ }} than a parameter's name and filters")
    return Placeholder(node.name, tuple(reversed(calls)))


def _call(node: nodes.Filter) -> Call:
    about = FILTERS.get(node.name)
    if about is None:
        if node.name in ("default", "d"):
            raise _refused(node, "has the filter default; give the parameter a default instead")
        raise _refused(node, f"has the filter {node.name}; there is {', '.join(FILTERS)}")
    given = [arg.value if isinstance(arg, nodes.Const) else None for arg in node.args]
    fits = len(given) == len(about.arguments) and all(
        type(value) is wanted for value, wanted in zip(given, about.arguments, strict=True)
    )
    if not fits or node.kwargs or node.dyn_args is not None or node.dyn_kwargs is not None:
        wanted = {"truncate": "a number: truncate(20)", "format": "a text: format('%d.%m.%Y')"}.get(
            node.name, "nothing in brackets"
        )
        raise _refused(node, f"has the filter {node.name} with something else than {wanted}")
    return Call(node.name, tuple(given))


def _tests(node: nodes.Node) -> Iterator[Test]:
    match node:
        case nodes.Name():
            yield Test(node.name)
        case nodes.Not():
            yield from _tests(node.node)
        case nodes.And() | nodes.Or():
            yield from _tests(node.left)
            yield from _tests(node.right)
        case nodes.Compare(
            expr=nodes.Name() as name, ops=[nodes.Operand(expr=nodes.Const() as constant) as only]
        ) if only.op in _COMPARED:
            yield Test(name.name, _COMPARED[only.op], constant.value)
        case _:
            raise _refused(
                node,
                "has an `if` that asks more than whether a parameter is there, or how it "
                "compares with a number or a text: {% if count == 1 %}",
            )


def _refused(node: nodes.Node, why: str) -> LanguageError:
    return LanguageError(f"line {node.lineno}: {why}")
