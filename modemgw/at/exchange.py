"""One command on its way: the question, how far it has come, and who waits for the answer."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from enum import Enum, auto

from .dialogue import Question
from .errors import AtError


@dataclass(frozen=True, slots=True)
class Response:
    """The lines of an answer, without echo and final result."""

    lines: tuple[str, ...] = ()

    @property
    def line(self) -> str:
        """The first line; empty if there is none."""
        return self.lines[0] if self.lines else ""


class Phase(Enum):
    """How far a command has come."""

    ANSWER = auto()  # waiting for the final result of a plain command
    PROMPT = auto()  # waiting for "> "
    OPEN = auto()  # the prompt is there, nothing typed yet
    SENT = auto()  # the PDU and Ctrl-Z are out
    UNWANTED = auto()  # waiting for "> " only to leave it
    ABORTING = auto()  # ESC is out


@dataclass(frozen=True, slots=True)
class Probe:
    """What a modem may be asked while it sends, without ending that; `every_s` seconds apart.

    27.005 does not let +CMGS be aborted after Ctrl-Z: a modem that is sending answers afterwards,
    one that has forgotten what it was sending answers at once.
    """

    text: str
    every_s: float


class Exchange:
    """A command on its way."""

    __slots__ = (
        "allowed_s",
        "asked",
        "asked_at",
        "body",
        "body_s",
        "done",
        "due",
        "ends_at",
        "gives_up_at",
        "permit",
        "phase",
        "probe",
        "question",
        "traced",
        "typed_at",
        "waits_s",
    )

    def __init__(self, question: Question, loop: asyncio.AbstractEventLoop) -> None:
        self.question = question
        self.done: asyncio.Future[Response] = loop.create_future()
        self.body = ""
        """What is to be typed at the prompt, when `permit` is there too."""
        self.permit: asyncio.Future[None] | None = None
        self.body_s = 0.0
        """How long the answer to it may take."""
        self.gives_up_at = 0.0
        """When that is too long, on the loop's clock."""
        self.probe: Probe | None = None
        self.asked = 0
        """How often the modem was asked whether it is still sending."""
        self.asked_at = 0.0
        self.phase = Phase.ANSWER
        self.typed_at: float | None = None
        self.allowed_s = self.ends_at = 0.0
        self.traced = True
        self.due: float | None = None
        """When the modem is given up, on the loop's clock; None: it is not its turn to speak."""
        self.waits_s = 0.0

    def succeed(self) -> None:
        """Give the answer to whoever waits."""
        if not self.done.done():
            self.done.set_result(Response(tuple(self.question.lines)))

    def fail(self, error: AtError) -> None:
        """Tell whoever waits."""
        if not self.done.done():
            self.done.set_exception(error)
            self.done.exception()  # an answer nobody waits for any more is no mistake
