"""How far the sending of a file came, kept beside it: who runs the command again goes on there.

A line of JSON for each chunk that was answered, on disk before the next is sent. A line that breaks
off was not written. Without the journal nothing is sent twice either, for a week: each chunk has an
Idempotency-Key that follows from the file and what was asked for.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TextIO

VERSION: Final = 1
REMEMBERED_S: Final = 6.5 * 86400
"""The gateway remembers an Idempotency-Key for a week; a chunk that was sent and of which no answer
was seen may be repeated for so long."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that the gateway did not take."""

    line: int
    to: str
    reason: str
    bad: bool = True
    """It is wrong itself; False: a limit was reached, and later it may be taken."""


@dataclass(frozen=True, slots=True)
class Answered:
    """A chunk that the gateway has answered."""

    index: int
    batch: str | None
    """None: it took none of it."""
    accepted: int
    refused: tuple[Refused, ...] = ()


@dataclass(slots=True)
class Progress:
    """What the journal tells."""

    began_at: float
    """UTC seconds."""
    answered: dict[int, Answered] = field(default_factory=dict)
    begun: int = -1
    """The last chunk that was sent, whether it was answered or not."""
    complete: bool = False

    @property
    def batch(self) -> str | None:
        """The batch that all of it is in, once it was made."""
        return next((a.batch for a in self.answered.values() if a.batch is not None), None)

    @property
    def in_doubt(self) -> bool:
        """Whether a chunk was sent of which no answer was seen."""
        return self.begun >= 0 and self.begun not in self.answered


class Journal:
    """The journal of one file and one way to send it. Use as a context manager."""

    def __init__(self, path: Path, key: str, now: float) -> None:
        self.path = path
        self.key = key
        self.progress = self._read() or Progress(now)
        self._now = now
        self._file: TextIO | None = None

    def _read(self) -> Progress | None:
        try:
            lines = self.path.read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return None
        progress: Progress | None = None
        for line in lines:
            try:
                entry = json.loads(line)
            except ValueError:
                continue
            match entry.get("what"):
                case "begun" if entry.get("version") == VERSION:
                    progress = progress or Progress(entry["at"])
                case "chunk" if progress:
                    progress.begun = entry["index"]
                case "answered" if progress:
                    refused = tuple(Refused(*one) for one in entry["refused"])
                    progress.answered[entry["index"]] = Answered(
                        entry["index"], entry["batch"], entry["accepted"], refused
                    )
                case "complete" if progress:
                    progress.complete = True
        return progress

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def sends(self, index: int) -> None:
        """This chunk is about to be sent."""
        self.progress.begun = index
        self._write({"what": "chunk", "index": index})

    def was_answered(self, one: Answered) -> None:
        """The gateway has answered a chunk."""
        self.progress.answered[one.index] = one
        self._write(
            {
                "what": "answered",
                "index": one.index,
                "batch": one.batch,
                "accepted": one.accepted,
                "refused": [[r.line, r.to, r.reason, r.bad] for r in one.refused],
            }
        )

    def is_complete(self) -> None:
        """All of the file was sent."""
        self.progress.complete = True
        self._write({"what": "complete"})

    def _write(self, entry: Mapping[str, Any]) -> None:
        if self._file is None:
            self._file = self._open()
        self._file.write(json.dumps(entry) + "\n")
        self._file.flush()
        os.fsync(self._file.fileno())

    def _open(self) -> TextIO:
        # Numbers of recipients are in it: it is for its owner alone.
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        file = os.fdopen(descriptor, "a", encoding="utf-8")
        # A line that broke off is ended, so that it spoils no other.
        begun = {"what": "begun", "version": VERSION, "key": self.key, "at": self._now}
        file.write(f"\n{json.dumps(begun)}\n")
        return file


def key_of(digest: str, options: Mapping[str, Any]) -> str:
    """What names a file together with the way it is sent: the same names the same sending."""
    asked = json.dumps(options, sort_keys=True, default=str)
    return hashlib.sha256(f"{digest}\n{asked}".encode()).hexdigest()[:32]
