"""The AT line engine: octets in, command lines and message entries up, answers out. Sans-IO.

V.250 clause 5 (lines, echo, result codes, abortability) and TS 27.005 clause 3.5 (the prompt).
Knows no command.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import Enum
from typing import Protocol

_CONTROLS = bytes(range(32)) + b"\x7f"
_PREFIX = re.compile(rb"[Aa]([Tt]|/)")
_ENTRY_END = re.compile(rb"[\x1a\x1b]")
_LINE_BUFFER = 4096
_AHEAD_BUFFER = 4096
_ENTRY_BUFFER = 8192

NUMERIC = {
    "OK": "0",
    "CONNECT": "1",
    "RING": "2",
    "NO CARRIER": "3",
    "ERROR": "4",
    "NO DIALTONE": "6",
    "BUSY": "7",
    "NO ANSWER": "8",
}
"""Result codes under V0 (V.250 table 1)."""


class Mode(Enum):
    """What the engine does with the next octet."""

    COMMAND = "command"
    BUSY = "busy"
    ENTRY = "entry"


class Terminal(Protocol):
    """What lives above the line: the modem."""

    def command_line(self, body: str) -> None:
        """A command line came, without its AT. Must lead to `finish`, `prompt` or silence."""

    def entry_done(self, body: bytes) -> None:
        """Ctrl-Z: `body` was typed at the prompt."""

    def entry_aborted(self) -> None:
        """ESC at the prompt."""

    def interrupted(self) -> bool:
        """An octet came while a command runs; True if that aborted the command."""


class LineEngine:
    """One AT line: echo, framing, type-ahead, prompt."""

    def __init__(
        self,
        out: Callable[[bytes], None],
        *,
        prompt: bytes,
        line_limit: int,
        ends: tuple[bytes, bytes] = (b"\r\n", b"\r\n"),
    ) -> None:
        self.terminal: Terminal
        """Set before the first octet comes."""
        self._out = out
        self._prompt = prompt
        self._line_limit = line_limit
        self._ends = ends
        self._buffer = bytearray()
        self._ahead = bytearray()
        self._entry = bytearray()
        self._held: list[bytes] = []
        self.mode = Mode.COMMAND
        self.hold_in_prompt = True
        self.text_entry = False
        self.keeps_echo = False
        """A fault plugs in here: echo cannot be switched."""
        self.reset()

    def reset(self) -> None:
        """Factory state of the V.250 parameters; what was half typed is gone."""
        self.echo = True
        self.verbose = True
        self.quiet = False
        self.set_ends(b"\r", b"\n")
        self.backspace = b"\x08"
        """S5: takes back the character before it."""
        self._last_line = ""
        self._buffer.clear()
        self._ahead.clear()
        self._entry.clear()
        self._held.clear()
        self.mode = Mode.COMMAND

    def switch(self, name: str, *, on: bool) -> None:
        """E, V or Q."""
        if name == "E" and not self.keeps_echo:
            self.echo = on
        elif name == "V":
            self.verbose = on
        elif name == "Q":
            self.quiet = on

    def set_ends(self, cr: bytes, lf: bytes) -> None:
        """S3 and S4: the characters that end a line."""
        self.cr, self.lf = cr, lf
        swap = bytes.maketrans(b"\r\n", cr + lf)
        self._lead, self._tail = (end.translate(swap) for end in self._ends)

    # octets from the terminal equipment

    def feed(self, data: bytes) -> None:
        """Take what was typed. Any octets, in any pieces."""
        while data:
            if self.mode is Mode.COMMAND:
                data = self._command(data)
            elif self.mode is Mode.ENTRY:
                data = self._typed(data)
            else:
                data = self._while_busy(data)

    def _command(self, data: bytes) -> bytes:
        end = data.find(self.cr)
        if b"/" in data and (repeat := self._repeats(data if end < 0 else data[:end])) > 0:
            self._echo(data[:repeat])
            self._buffer.clear()
            self._run(self._last_line)
            return data[repeat:]
        if end < 0:
            self._echo(data)
            self._buffer += data
            del self._buffer[:-_LINE_BUFFER]
            return b""
        self._echo(data[: end + 1])
        line = bytes(self._buffer) + data[:end] if self._buffer else data[:end]
        self._buffer.clear()
        self._line(line)
        return data[end + 1 :]

    def _repeats(self, data: bytes) -> int:
        """Behind how many octets of `data` the line is `A/`, which needs no end (V.250 5.2.4)."""
        for at, octet in enumerate(data):
            if octet == 0x2F:
                typed = self._typed_line(bytes(self._buffer) + data[: at + 1])
                prefix = _PREFIX.search(typed)
                if prefix is not None and prefix[1] == b"/":
                    return at + 1
        return 0

    def _typed_line(self, raw: bytes) -> bytes:
        """What was typed, as the person sees it: without what was taken back, and controls."""
        if self.backspace in raw:
            raw = _apply_backspaces(raw, self.backspace[0])
        return raw.translate(None, _CONTROLS)

    def _line(self, raw: bytes) -> None:
        line = self._typed_line(raw)
        # Octets before the prefix are ignored (V.250 5.2.1), so a lost line end costs one line.
        prefix = _PREFIX.search(line)
        if prefix is None:
            return
        body = line[prefix.end() :].decode("latin-1").strip()
        if len(body) + 2 > self._line_limit:
            self.finish("ERROR")
            return
        self._last_line = body
        self._run(body)

    def _run(self, body: str) -> None:
        self.mode = Mode.BUSY
        self.terminal.command_line(body)

    def _while_busy(self, data: bytes) -> bytes:
        if data.strip(b"\n") and self.terminal.interrupted():
            return b""
        room = _AHEAD_BUFFER - len(self._ahead)
        self._ahead += data[:room]
        return b""

    def _typed(self, data: bytes) -> bytes:
        found = _ENTRY_END.search(data)
        if found is None:
            self._echo_entry(data)
            if len(self._entry) + len(data) <= _ENTRY_BUFFER:
                self._entry += data
            return b""
        end = found.start()
        body = bytes(self._entry) + data[:end] if self._entry else data[:end]
        self._entry.clear()
        self.mode = Mode.BUSY
        if data[end] == 0x1A:
            self._echo_entry(data[: end + 1])
            self.terminal.entry_done(body)
        else:
            self.terminal.entry_aborted()
        return data[end + 1 :]

    def _echo(self, data: bytes) -> None:
        if self.echo:
            self._out(data)

    def _echo_entry(self, data: bytes) -> None:
        if self.echo:
            # In text mode every line of the message gets a prompt of its own (27.005 3.5.1).
            self._out(data.replace(b"\r", self._prompt) if self.text_entry else data)

    # answers to the terminal equipment

    def text(self, line: str) -> bytes:
        """One line of information text or an unsolicited result, framed."""
        body = line.encode("latin-1", "replace")
        if self.verbose:
            return self._lead + body + self._tail
        return body + self._tail

    def result(self, final: str) -> bytes:
        """A final result code, framed (nothing under Q1)."""
        if self.quiet:
            return b""
        if self.verbose:
            return self.text(final)
        digit = NUMERIC.get(final)
        return self.text(final) if digit is None else digit.encode() + self.cr

    def prompt(self, *, text: bool = False) -> None:
        """Show the prompt and take message entry until Ctrl-Z or ESC."""
        self.text_entry = text
        self.mode = Mode.ENTRY
        self._out(self._prompt)
        self._take_ahead()

    def enter_silently(self, *, text: bool = False) -> None:
        """Take message entry although no prompt was shown (it was lost)."""
        self.text_entry = text
        self.mode = Mode.ENTRY
        self._take_ahead()

    def unsolicited(self, octets: bytes) -> None:
        """Send framed octets that answer nothing; during message entry they may have to wait."""
        if self.mode is Mode.ENTRY and self.hold_in_prompt:
            self._held.append(octets)
        else:
            self._out(octets)

    def finish(self, final: str, information: bytes = b"") -> None:
        """End the running command; whatever was typed ahead comes next."""
        self._out(information + self.result(final))
        self.idle()

    def idle(self) -> None:
        """End the running command without a word."""
        self.mode = Mode.COMMAND
        if self._held:
            held, self._held = self._held, []
            self._out(b"".join(held))
        self._take_ahead()

    def _take_ahead(self) -> None:
        if self._ahead:
            ahead = bytes(self._ahead)
            self._ahead.clear()
            self.feed(ahead)


def _apply_backspaces(raw: bytes, backspace: int) -> bytes:
    kept = bytearray()
    for octet in raw:
        if octet == backspace:
            del kept[-1:]
        else:
            kept.append(octet)
    return bytes(kept)
