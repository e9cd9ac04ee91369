"""The file of contexts: ~/.config/modemgw/contexts.toml.

current = "office"

[context.office]
url = "https://sms.office.example"
key_file = "/home/me/.config/modemgw/office.key"
"""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from pydantic import Field, ValidationError, model_validator

from modemgw.config import Identifier, Section
from modemgw.config.errors import problems_of


class ContextError(Exception):
    """What is wrong with the file of contexts, or with the one that is meant."""


class Context(Section):
    """A gateway: where it is, and what opens it."""

    url: str
    key: str | None = None
    key_file: Path | None = None
    ca_file: Path | None = None

    @model_validator(mode="after")
    def _one_key(self) -> Context:
        if self.key is not None and self.key_file is not None:
            raise ValueError("give key or key_file, not both")
        return self

    def read_key(self) -> str | None:
        """The key, from its file if there is one. Raises ContextError if that is unreadable."""
        if self.key_file is None:
            return self.key
        try:
            return self.key_file.expanduser().read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ContextError(f"key_file {self.key_file} cannot be read: {error}") from error


class _Document(Section):
    current: str | None = None
    context: dict[Identifier, Context] = Field(default_factory=dict)


def default_path() -> Path:
    """$MODEMGW_CONTEXTS; else this user's, in $XDG_CONFIG_HOME, else in ~/.config."""
    named = os.environ.get("MODEMGW_CONTEXTS")
    if named:
        return Path(named)
    base = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
    return Path(base).expanduser() / "modemgw" / "contexts.toml"


@dataclass(frozen=True, slots=True)
class Contexts:
    """The contexts of a file, and which of them is meant when none is named."""

    path: Path
    known: dict[str, Context]
    current: str | None

    @classmethod
    def read(cls, path: Path) -> Contexts:
        """Those of `path`; none where there is no file. Raises ContextError."""
        try:
            document = _Document.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
        except (FileNotFoundError, NotADirectoryError, PermissionError):
            return cls(path, {}, None)  # another user's home, such as root's
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise ContextError(f"{path}: {error}") from error
        except ValidationError as error:
            lines = "\n".join(f"{path}: {line}" for line in problems_of(error, _Document))
            raise ContextError(lines) from error
        return cls(path, document.context, document.current)

    def named(self, name: str) -> Context:
        """The context of that name. Raises ContextError."""
        found = self.known.get(name)
        if found is None:
            there = ", ".join(sorted(self.known)) or "none"
            raise ContextError(f"there is no context {name!r} in {self.path}; there is {there}")
        return found

    def add(self, name: str, context: Context) -> None:
        """Write one, in place of what was called so; the first one becomes the current one."""
        try:
            _Document(context={name: context})
        except ValidationError as error:
            raise ContextError("; ".join(problems_of(error, _Document))) from error
        document = self._document()
        tables = cast(dict[str, Any], document.setdefault("context", {}))
        tables[name] = context.model_dump(mode="json", exclude_none=True)
        if not self.known:
            document["current"] = name
        self._write(document)

    def remove(self, name: str) -> None:
        """Take one out. Raises ContextError."""
        self.named(name)
        document = self._document()
        del cast(dict[str, Any], document["context"])[name]
        if self.current == name:
            del document["current"]
        self._write(document)

    def use(self, name: str | None) -> None:
        """Make one the current one, or none. Raises ContextError."""
        document = self._document()
        if name is not None:
            self.named(name)
            document["current"] = name
        else:
            document.pop("current", None)
        self._write(document)

    def _document(self) -> Any:
        """What is in the file now, with the comments of whoever wrote it."""
        import tomlkit  # takes a while, and only changes need it

        try:
            return tomlkit.parse(self.path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return tomlkit.document()

    def _write(self, document: Any) -> None:
        """As a whole or not at all, and for nobody else to read: keys may be in it."""
        import tomlkit

        fresh = self.path.with_suffix(".new")
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            fresh.unlink(missing_ok=True)
            with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as to:
                to.write(tomlkit.dumps(document))
            fresh.replace(self.path)
        except OSError as error:
            raise ContextError(f"{self.path} cannot be written: {error}") from error
