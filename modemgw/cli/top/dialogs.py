"""What comes before the panes: a question, the keys, a modem's trace."""

from __future__ import annotations

from contextlib import aclosing
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen, Screen
from textual.widgets import Footer, RichLog, Static

from modemgw.client import Client, ClientError
from modemgw.client.answers import TraceLine
from modemgw.plain import printable

HELP = """\
[up] [down]  choose a modem
[p] [r]      pause it, resume it
[R]          reset it and initialise it anew
[t]          its trace, as it goes on; Esc leaves it
[Tab]        the next pane
[2] [3] [4]  SIMs; queue and alerts; events
[q]          quit

Pause, resume, restart and trace want a key with the scope
admin, the rest wants read. /min: parts a minute, over the
last minute. Signal: dBm, and its history from -113 (▁) to
-51 (█), the newest on the right."""


class Confirm(ModalScreen[bool]):
    """A question that is answered with y or n."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("y", "answer(True)", "yes"),
        ("n,escape,q", "answer(False)", "no"),
    ]

    def __init__(self, question: str) -> None:
        super().__init__()
        self._question = question

    def compose(self) -> ComposeResult:
        """See Screen."""
        with Vertical(classes="box"):
            yield Static(Text(f"{printable(self._question)}\n\n[y] yes   [n] no"))

    def action_answer(self, yes: bool) -> None:
        """It is answered."""
        self.dismiss(yes)


class Keys(ModalScreen[None]):
    """What the keys do."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape,q,question_mark,enter", "dismiss", "close")]

    def compose(self) -> ComposeResult:
        """See Screen."""
        with Vertical(classes="box"):
            yield Static(Text(HELP))


class TraceView(Screen[None]):
    """The lines on a modem's port, as they come."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape,q,t", "dismiss", "back")]

    def __init__(self, client: Client, modem: str) -> None:
        super().__init__()
        self._client = client
        self._modem = modem

    def compose(self) -> ComposeResult:
        """See Screen."""
        yield Static(Text(f"Trace of {printable(self._modem)}", style="reverse"), id="title")
        yield RichLog(max_lines=2000, wrap=False, markup=False, highlight=False)
        yield Footer()

    def on_mount(self) -> None:
        """See Screen."""
        self.run_worker(self._follow(), name="trace")

    async def _follow(self) -> None:
        log = self.query_one(RichLog)
        try:
            async with aclosing(self._client.follow_trace(self._modem)) as lines:
                async for line in lines:
                    log.write(_line(line))
        except ClientError as error:
            log.write(Text(printable(str(error)), style="red"))


def _line(line: TraceLine) -> Text:
    at = f"{line.at.astimezone():%H:%M:%S}.{line.at.microsecond // 1000:03} "
    style = {">": "cyan", "=": "yellow"}.get(line.direction, "")
    return Text.assemble((at, "dim"), (printable(f"{line.direction} {line.text}"), style))
