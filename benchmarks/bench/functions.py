"""Functions of handlers for the benchmarks: what a message's second word names is written to."""

import os
import subprocess
import sys
import time
from pathlib import Path

from modemgw.handler import Message


def _notes(message: Message) -> Path:
    return Path((message.text or "").split()[1])


def on_message(message: Message) -> None:
    notes = _notes(message)
    if notes.is_absolute():  # the modems write to each other, too
        with notes.open("a") as file:
            file.write(f"{time.monotonic()}\n")


def raises(message: Message) -> None:
    raise ValueError


def hangs(message: Message) -> None:
    time.sleep(3600)


def loops(message: Message) -> None:
    while True:
        pass


def exits(message: Message) -> None:
    os._exit(1)


def forks(message: Message) -> None:
    for _ in range(20):
        subprocess.Popen(["sleep", "3600"])
    time.sleep(3600)


def floods(message: Message) -> None:
    while True:
        sys.stdout.write("x" * 1_000_000)


def eats(message: Message) -> None:
    kept = []
    while True:
        kept.append(bytearray(10_000_000))
