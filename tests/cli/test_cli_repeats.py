"""A fault that comes thousands of times a second is told, and does not fill the disk."""

from __future__ import annotations

import io
import logging

import pytest

from modemgw.cli.repeats import KEPT, Repeats


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def told(clock):
    """A logger that is filtered, and what it has told."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.addFilter(Repeats(clock))
    logger = logging.getLogger("test.repeats")
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    logger.addHandler(handler)
    yield logger, lambda: stream.getvalue().splitlines()
    logger.removeHandler(handler)


def test_the_same_line_is_told_some_times_and_then_now_and_then(clock, told):
    logger, lines = told
    for n in range(60_000):
        clock.now = n / 1000
        logger.error("the disk is full")
    assert 5 <= len(lines()) <= 15
    assert lines()[0] == "the disk is full"
    assert "more like it" in lines()[-1]
    left_out = sum(int(line.split("and ")[1].split()[0].replace(",", "")) for line in lines()[5:])
    assert left_out + len(lines()) >= 50_000


def test_lines_that_differ_a_little_are_bounded_too(clock, told):
    logger, lines = told
    for n in range(60_000):
        clock.now = n / 1000
        logger.warning("request %d failed", n)
    assert 100 <= len(lines()) <= 100 + 2 * 60 + 1


def test_tracebacks_are_bounded_whatever_they_say(clock, told):
    logger, lines = told
    for n in range(10_000):
        clock.now = n / 1000
        try:
            raise OSError(24, f"Too many open files {n}")
        except OSError:
            logger.exception("socket.accept() out of system resource")
    assert len([line for line in lines() if line.startswith("socket.accept")]) <= 6


def test_what_happens_seldom_is_always_told(clock, told):
    logger, lines = told
    for n in range(100):
        clock.now = n * 10.0
        logger.error("the modem is gone")
    assert lines() == ["the modem is gone"] * 100


def test_other_places_and_lower_levels_are_told_all_the_while(clock, told):
    logger, lines = told
    for _ in range(1000):
        logger.info("+CSQ: 20")
        logger.error("first")
    logger.error("second")
    assert lines().count("+CSQ: 20") == 1000
    assert lines()[-1] == "second"


def test_no_more_is_remembered_than_so_much(clock):
    repeats = Repeats(clock)
    for n in range(10 * KEPT):
        record = logging.LogRecord("x", logging.ERROR, "file", n, "line %d", (n,), None)
        assert repeats.filter(record)
    assert len(repeats._known) <= KEPT
