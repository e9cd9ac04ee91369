"""[[handler]]: what is done with received messages."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field, model_validator

from modemgw.config.base import Identifier, Prefix, Section, shaped


class HandlerMatch(Section):
    """Which inbound messages a handler takes. An empty match takes all."""

    keyword: str | None = None
    """The first word of the text, in any case."""
    from_prefix: tuple[Prefix, ...] = ()
    modem: tuple[Identifier, ...] = ()


class HandlerSection(Section):
    """[[handler]]"""

    ACTIONS: ClassVar[tuple[str, ...]] = ("exec", "webhook", "python", "reply")
    """Keys of which each handler has one: what is done. Each is a kind of delivery."""

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
    timeout: Annotated[float, Field(gt=0, le=3600)] = 30
    at_once: Annotated[int, Field(ge=1, le=64)] = 4
    """Messages that it is given at the same time."""
    in_order: bool = False
    """Messages of one sender are given one after the other, the next when one has ended."""

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
        return self
