"""[[handler]]: what is done with received messages, and with calls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from modemgw.config.base import Identifier, Number, Prefix, Section, shaped
from modemgw.config.handler_texts import TEXT
from modemgw.config.patterns import PATTERN
from modemgw.config.smtp import MailAddress


def _several(value: Any) -> Any:
    """`modem = "m1"` is `modem = ["m1"]`."""
    return value if isinstance(value, list | tuple) else (value,)


SEVERAL = BeforeValidator(_several)
Sender = Annotated[
    str, Field(min_length=1, max_length=21)
]  # 20 digits and a plus, or a name (TS 23.040 9.1.2.5)
Iccid = Annotated[str, shaped(r"[0-9A-Fa-f]{10,22}", "the ICCID of a SIM: 10 to 22 digits")]
Port = Annotated[int, Field(ge=0, le=65535)]
MessageClass = Annotated[int, Field(ge=0, le=3)]


class HandlerMatch(Section):
    """Which inbound messages a handler takes: those that fit all that is said here.

    Where there are several of a kind, one of them has to fit.
    """

    model_config = ConfigDict(populate_by_name=True)

    keyword: Annotated[str, shaped(r"\S+", "one word, without spaces")] | None = None
    """The first word of the text, in any case."""
    pattern: Annotated[str, PATTERN] | None = None
    """A regular expression (RE2) that is found somewhere in the text."""
    from_: Annotated[tuple[Sender, ...], SEVERAL] = Field(default=(), alias="from")
    """Senders as the network gives them: numbers with +, short codes, names."""
    from_prefix: Annotated[tuple[Prefix, ...], SEVERAL] = ()
    from_pattern: Annotated[str, PATTERN] | None = None
    """A regular expression (RE2) that is found somewhere in the sender."""
    to: Annotated[tuple[Number, ...], SEVERAL] = ()
    """Numbers of the SIMs here."""
    sim: Annotated[tuple[Iccid, ...], SEVERAL] = ()
    modem: Annotated[tuple[Identifier, ...], SEVERAL] = ()
    port: Annotated[tuple[Port, ...], SEVERAL] = ()
    """Destination ports of what is for an application (TS 23.040 9.2.3.24.4)."""
    class_: Annotated[tuple[MessageClass, ...], SEVERAL] = Field(default=(), alias="class")
    """Message classes (TS 23.038 4): 0 for what is shown at once."""

    OF_TEXT: ClassVar[tuple[str, ...]] = ("keyword", "pattern", "port", "class_")
    """What no call has."""


class HandlerSection(Section):
    """[[handler]]"""

    ACTIONS: ClassVar[tuple[str, ...]] = (
        "exec", "webhook", "python", "reply", "forward", "email",
    )  # fmt: skip
    """Keys of which each handler has one: what is done. Each is a kind of delivery."""
    ONLY_WITH: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "prefix": ("forward",),
        "subject": ("email",),
        "body": ("email",),
        "output": ("exec",),
        "output_bytes": ("exec",),
        "user": ("exec", "python"),
        "memory_mb": ("exec", "python"),
    }
    """Keys that say more about an action, and which."""

    id: Identifier | None = None
    """Whose deliveries are whose, over every change; one is made up where there is none."""
    on: Literal["message", "call"] = "message"
    """What it is asked about: received messages, or calls."""
    match: HandlerMatch = HandlerMatch()
    stop: bool = False
    """Handlers after this one are not asked about what this one takes."""
    exec: tuple[str, ...] | None = None
    webhook: (
        Annotated[str, shaped(r"https?://.+", "a URL that begins with http:// or https://")] | None
    ) = None
    python: (
        Annotated[str, shaped(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*", "package.module:function")] | None
    ) = None
    reply: Annotated[str, TEXT] | None = None
    """A template of what the sender is answered with."""
    forward: Annotated[tuple[Number, ...], SEVERAL, Field(max_length=20)] | None = None
    """Numbers that what came in is sent on to."""
    prefix: Annotated[str, TEXT] | None = None
    """Of `forward`: a template of what stands before the text; who sent it, if it is not said."""
    email: Annotated[tuple[MailAddress, ...], SEVERAL, Field(max_length=100)] | None = None
    """Who gets a mail; [smtp] says how."""
    subject: Annotated[str, TEXT] | None = None
    """Of `email`: a template of one line."""
    body: Annotated[str, TEXT] | None = None
    """Of `email`: a template."""
    output: Literal["ignore", "reply"] | None = None
    """Of `exec`: whether what it prints is the answer to the sender. Not if it is not said."""
    output_bytes: Annotated[int, Field(ge=1, le=1_048_576)] | None = None
    """Of `exec`: the most that an answer may have, in UTF-8; 16,384 if it is not said."""
    user: Annotated[str, shaped(r"[A-Za-z_][\w.-]{0,31}", "the name of a user")] | None = None
    """Of `exec` and `python`: as whom it runs; as the daemon does, if it is not said."""
    memory_mb: Annotated[int, Field(ge=16, le=1_048_576)] | None = None
    """Of `exec` and `python`: address space (RLIMIT_AS) in MiB of each process; as much as there
    is, if it is not said."""
    timeout: Annotated[float, Field(gt=0, le=3600)] = 30
    at_once: Annotated[int, Field(ge=1, le=64)] = 4
    """Messages that it is given at the same time."""
    in_order: bool = False
    """Messages of one sender are given one after the other, the next when one has ended. Those of
    `reply` and `forward` always are."""

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
        if self.forward is not None and not self.forward:
            raise ValueError('forward needs at least one number: forward = ["+447700900001"]')
        if self.email is not None and not self.email:
            raise ValueError('email needs at least one address: email = ["a@example.org"]')
        for key, actions in self.ONLY_WITH.items():
            if getattr(self, key) is not None and self.action not in actions:
                raise ValueError(f"{key} goes with {' and '.join(actions)} only")
        if self.on == "call":
            asked = [
                name.rstrip("_")
                for name in HandlerMatch.OF_TEXT
                if getattr(self.match, name) not in (None, ())
            ]
            if asked:
                raise ValueError(f"match.{asked[0]}: a call has no text; take it out, or on")
        return self
