"""From a row to the message that it asks for, or what is wrong with it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from string import Formatter
from typing import Any, Final, NamedTuple

from modemgw.cli.bulk.table import Row, Table, Unreadable

TO_COLUMNS: Final = ("to", "number", "phone", "mobile", "msisdn", "recipient", "telephone")
"""Names of the column with the recipients, the first that there is."""
_NUMBER: Final = re.compile(r"[+]?[0-9*#]{3,19}")
_COLUMN: Final = re.compile(r"\{([^{}]+)\}")
_PUNCTUATION: Final = re.compile(r"[\s().\-/\u2010-\u2015]")


@dataclass(frozen=True, slots=True)
class Bad:
    """A row that cannot be sent."""

    line: int
    to: str
    reason: str


@dataclass(frozen=True, slots=True)
class Good:
    """A row, and what its message has of its own."""

    line: int
    to: str
    body: Mapping[str, Any]
    """Beside the recipient; empty where all messages say the same."""


class Column(NamedTuple):
    """Where the values of a template's parameter are."""

    at: int
    optional: bool = False
    """Where it is empty, the template has a value."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a message is made of a row."""

    columns: tuple[str, ...]
    to: int
    """The column of the recipient."""
    options: Mapping[str, Any]
    """What all messages have in common, as options of Client.send."""
    text: str | None = None
    """With `{column}` where a value is to stand."""
    params: Mapping[str, Column] = field(default_factory=dict)
    """Parameters of a template, and the column of each."""
    constants: Mapping[str, str] = field(default_factory=dict)
    """Parameters that are the same in all rows."""
    language: int | None = None
    """The column of the language, if there is one."""
    allow_duplicates: bool = False

    @property
    def is_same_for_all(self) -> bool:
        """Whether the messages differ in their recipient alone."""
        # A template may say another thing to each country, even without parameters.
        return "template" not in self.options and not (self.text and placeholders(self.text))

    @property
    def said(self) -> dict[str, Any]:
        """What all messages have in common: also the text, where it has no values in it."""
        if self.text is None or not self.is_same_for_all:
            return dict(self.options)
        return {**self.options, "text": self.text.format()}

    def compose(self, rows: Iterable[Row]) -> Iterator[Good | Bad]:
        """What becomes of each row."""
        fields = placeholders(self.text) if self.text is not None else ()
        used = {name: self.columns.index(name) for name in fields}
        wanted = [*used.values(), *(c.at for c in self.params.values() if not c.optional)]
        seen: dict[int, int] = {}
        for row in rows:
            if len(row.values) != len(self.columns):
                to = row.values[self.to] if len(row.values) > self.to else ""
                yield Bad(
                    row.line,
                    to,
                    f"it has {_count(len(row.values), 'field')}, the first line names "
                    f"{len(self.columns)}",
                )
                continue
            to = row.values[self.to]
            reason = self._problem(row, wanted)
            if reason is None and not self.allow_duplicates:
                # Its hash is enough, and small: two of a million have the same once in ages.
                mark = hash(_dialled(to))
                before = seen.setdefault(mark, row.line)
                if before != row.line:
                    reason = f"line {before} has the same number"
            if reason is not None:
                yield Bad(row.line, to, reason)
            else:
                yield Good(row.line, to, self._own(row, used))

    def _problem(self, row: Row, wanted: Sequence[int]) -> str | None:
        to = row.values[self.to]
        if not to:
            return f"{self.columns[self.to]} is empty: there is no number"
        if not _NUMBER.fullmatch(_PUNCTUATION.sub("", to)):
            return f"{to!r} is not a phone number"
        empty = [self.columns[at] for at in wanted if not row.values[at]]
        return f"{', '.join(empty)}: empty" if empty else None

    def _own(self, row: Row, used: Mapping[str, int]) -> dict[str, Any]:
        own: dict[str, Any] = {}
        if used and self.text is not None:
            own["text"] = self.text.format_map({n: row.values[at] for n, at in used.items()})
        if self.params or self.constants:
            own["params"] = {
                **self.constants,
                **{name: row.values[c.at] for name, c in self.params.items() if row.values[c.at]},
            }
        if self.language is not None and row.values[self.language]:
            own["language"] = row.values[self.language]
        return own


def placeholders(text: str) -> tuple[str, ...]:
    """The columns that a text names, in their order. Raises Unreadable where it cannot be read."""
    found: list[str] = []
    try:
        for _, name, spec, conversion in Formatter().parse(text):
            if name is None:
                continue
            if not name or spec or conversion or re.search(r"[.\[\]]", name):
                shown = (
                    name + (f"!{conversion}" if conversion else "") + (f":{spec}" if spec else "")
                )
                raise Unreadable(f"{{{shown}}} in the text is no column; write {{{{ for a brace")
            found.append(name)
    except ValueError as error:
        raise Unreadable(f"the text: {error}; write {{{{ and }}}} for braces") from error
    return tuple(dict.fromkeys(found))


def recipe(
    table: Table,
    *,
    to: str | None,
    text: str | None,
    options: Mapping[str, Any],
    allow_duplicates: bool,
    declared: Mapping[str, Mapping[str, Any]] | None = None,
) -> Recipe:
    """How messages are made of the rows of a table. Raises Unreadable for a column it lacks.

    `declared`: the parameters of the template that `options` name. Each is taken from the column of
    its name; `params` of `options` say otherwise, with a value, or with the `{column}` to take.
    `language` may be a `{column}`, too.
    """
    if text is not None:
        for name in placeholders(text):
            _column(table, name, f"the text has {{{name}}}")
    options = dict(options)
    columns, constants = _params(table, options.pop("params", {}), declared or {})
    language = _named(options.get("language"))
    if language is not None:
        del options["language"]
    return Recipe(
        table.columns,
        _recipients(table) if to is None else _column(table, to, "--to-column"),
        options,
        text,
        columns,
        constants,
        None if language is None else _column(table, language, "--language"),
        allow_duplicates,
    )


def _params(
    table: Table, given: Mapping[str, str], declared: Mapping[str, Mapping[str, Any]]
) -> tuple[dict[str, Column], dict[str, str]]:
    columns: dict[str, Column] = {}
    constants: dict[str, str] = {}
    for name in dict.fromkeys((*given, *declared)):
        has_value = declared.get(name, {}).get("default") is not None
        if name in given and (column := _named(given[name])) is None:
            constants[name] = given[name]
        elif name in given:
            columns[name] = Column(_column(table, column or "", f"--param {name}"), has_value)
        elif name in table.columns:
            columns[name] = Column(table.columns.index(name), has_value)
        elif not has_value:
            _column(table, name, f"the template wants {name} (or say --param {name}=…)")
    return columns, constants


def _named(value: object) -> str | None:
    """The column that `{column}` names; None: it is a value."""
    found = _COLUMN.fullmatch(value) if isinstance(value, str) else None
    return None if found is None else found[1]


def _recipients(table: Table) -> int:
    if len(table.columns) == 1:
        return 0
    lower = [name.lower() for name in table.columns]
    for name in TO_COLUMNS:
        if name in lower:
            return lower.index(name)
    raise Unreadable(
        f"which column has the numbers? Say --to-column; there are {', '.join(table.columns)}"
    )


def _column(table: Table, name: str, what: str) -> int:
    if name in table.columns:
        return table.columns.index(name)
    raise Unreadable(
        f"{what}: there is no column {name!r}; there are {', '.join(filter(None, table.columns))}"
    )


def _dialled(number: str) -> str:
    bare = _PUNCTUATION.sub("", number)
    return f"+{bare[2:]}" if bare.startswith("00") else bare


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"
