"""[[handler]]: what is done with received messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from modemgw.config.base import Identifier, Prefix, Section, shaped
from modemgw.config.handler_texts import TEXT
from modemgw.config.smtp import MailAddress


class HandlerMatch(Section):
    """Which inbound messages a handler takes. An empty match takes all."""

    keyword: str | None = None
    """The first word of the text, in any case."""
    from_prefix: tuple[Prefix, ...] = ()
    modem: tuple[Identifier, ...] = ()


class HandlerSection(Section):
    """[[handler]]"""

    ACTIONS: ClassVar[tuple[str, ...]] = ("exec", "webhook", "python", "reply", "email")
    """Keys of which each handler has one: what is done. Each is a kind of delivery."""

    ONLY_WITH: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "output": ("exec",),
        "output_bytes": ("exec",),
        "user": ("exec", "python"),
        "memory_mb": ("exec", "python"),
        "subject": ("email",),
        "body": ("email",),
    }
    """Keys that say more about an action, and which."""

    id: Identifier | None = None
    """Whose deliveries are whose, over every change; one is made up where there is none."""
    match: HandlerMatch = HandlerMatch()
    exec: tuple[str, ...] | None = None
    webhook: (
        Annotated[str, shaped(r"https?://.+", "a URL that begins with http:// or https://")] | None
    ) = None
    python: (
        Annotated[str, shaped(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*", "package.module:function")] | None
    ) = None
    reply: str | None = None
    email: Annotated[tuple[MailAddress, ...], Field(max_length=100)] | None = None
    """Who gets a mail; [smtp] says how."""
    timeout: Annotated[float, Field(gt=0, le=3600)] = 30
    at_once: Annotated[int, Field(ge=1, le=64)] = 4
    """Messages that it is given at the same time."""
    in_order: bool = False
    """Messages of one sender are given one after the other, the next when one has ended."""
    output: Literal["ignore", "reply"] | None = None
    """Of `exec`: whether what it prints is the answer to the sender. Not if it is not said."""
    output_bytes: Annotated[int, Field(ge=1, le=1_048_576)] | None = None
    """Of `exec`: the most that an answer may have, in UTF-8; 16,384 if it is not said."""
    user: Annotated[str, shaped(r"[A-Za-z_][\w.-]{0,31}", "the name of a user")] | None = None
    """Of `exec` and `python`: as whom it runs; as the daemon does, if it is not said."""
    memory_mb: Annotated[int, Field(ge=16, le=1_048_576)] | None = None
    """Of `exec` and `python`: address space (RLIMIT_AS) in MiB of each process; as much as there
    is, if it is not said."""
    subject: Annotated[str, TEXT] | None = None
    """Of `email`: a template of one line."""
    body: Annotated[str, TEXT] | None = None
    """Of `email`: a template."""

    @property
    def action(self) -> str:
        """The key that says what is done."""
        return next(name for name in self.ACTIONS if getattr(self, name) is not None)

    @model_validator(mode="after")
    def _one_action(self) -> HandlerSection:
        if sum(getattr(self, name) is not None for name in self.ACTIONS) != 1:
            raise ValueError(f"give exactly one of {', '.join(self.ACTIONS)}")
        if self.exec is not None and not self.exec:
            raise ValueError('exec needs at least the program: exec = ["/path/to/program"]')
        if self.email is not None and not self.email:
            raise ValueError('email needs at least one address: email = ["a@example.org"]')
        for key, actions in self.ONLY_WITH.items():
            if getattr(self, key) is not None and self.action not in actions:
                raise ValueError(f"{key} goes with {' and '.join(actions)} only")
        return self
