"""Whatever is typed and whatever goes wrong, in any order: no exception, and a reboot heals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from labs.bench import Bench, Lab, submit

from modemgw import sms
from modemgw.virtual.commands import COMMANDS
from modemgw.virtual.personalities import PERSONALITIES
from modemgw.virtual.radio import Coverage

Step = Callable[[Bench], object]

_ARGUMENTS = st.sampled_from(
    [
        "",
        "?",
        "=?",
        "=0",
        "=1",
        "=2",
        "=4",
        "=1,1",
        '="SM"',
        '="ME","ME","ME"',
        "=2,1,0,1,0",
        "=2,2,0,2,0",
        '="1234"',
        "=1,4",
        "=99",
        "=,",
        '="',
        "=1,2",
        '=1,"*100#",15',
        "=0,,,",
    ]
)
_LINES = st.builds(
    lambda name, arguments, end: f"AT{name}{arguments}{end}".encode("latin-1"),
    st.sampled_from(sorted(COMMANDS)),
    _ARGUMENTS,
    st.sampled_from(["\r", ";+CSQ\r", "\r\n", ""]),
)
_PDU = sms.pack_pdu(submit("+15550001234")).encode()
_TYPED = st.one_of(
    _LINES,
    st.binary(max_size=20),
    st.sampled_from([b"\x1b", b"\x1a", b"\r", _PDU, _PDU + b"\x1a", b"AT+CMGS=19\r"]),
)
_FAULTS: st.SearchStrategy[tuple[str, dict[str, Any]]] = st.sampled_from(
    [
        ("hang", {"seconds": 5}),
        ("deafen", {"seconds": 5}),
        ("hang_after_prompt", {"passed": True, "seconds": 5}),
        ("lose_next_answer", {}),
        ("delay_answer", {"seconds": 5}),
        ("stick_prompt", {}),
        ("lose_prompt", {}),
        ("garbage", {"octets": 20}),
        ("split", {"seconds": 0.01}),
        ("split", {"seconds": None}),
        ("interleave", {"lines": ["RING", "^RSSI:1"]}),
        ("lose_final", {}),
        ("fail_command", {"name": "+CMGS", "final": ""}),
        ("ring", {}),
        ("reboot", {}),
        ("unplug", {}),
        ("replug", {}),
        ("forget_settings", {"text_mode": True}),
        ("fill_store", {"name": "SM"}),
        ("sim_busy", {"seconds": 5}),
        ("ask_pin", {}),
        ("block_pin", {}),
        ("cover", {"coverage": Coverage.DENIED}),
        ("cover", {"coverage": Coverage.HOME}),
        ("refuse", {"code": 41}),
        ("block", {"code": 8, "after": 1}),
        ("swallow", {}),
        ("report", {"copies": 2, "early": True}),
        ("clear", {}),
    ]
)


def _typing(data: bytes) -> Step:
    return lambda bench: bench.type(data)


def _fault(fault: tuple[str, dict[str, Any]]) -> Step:
    name, how = fault
    return lambda bench: getattr(bench.faults, name)(**how)


def _time(seconds: float) -> Step:
    return lambda bench: bench.after(seconds)


def _inject(text: str) -> Step:
    def step(bench: Bench) -> None:
        assert bench.lab.smsc is not None
        bench.lab.smsc.inject("+15550001234", "+447700900001", text)

    return step


_STEPS = st.lists(
    st.one_of(
        _TYPED.map(_typing),
        _TYPED.map(_typing),
        _FAULTS.map(_fault),
        st.sampled_from([0.1, 3.0, 70.0]).map(_time),
        st.text(max_size=200).map(_inject),
    ),
    max_size=40,
)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(PERSONALITIES)), st.sampled_from([0.0, 1.0]), _STEPS)
def test_nothing_upsets_a_modem_for_longer_than_a_reboot(
    personality: str, part_seconds: float, steps: list[Step]
) -> None:
    lab = Lab()
    bench = lab.bench(personality, part_seconds=part_seconds, make={"chatter": ()})
    for step in steps:
        step(bench)
    bench.faults.clear()
    bench.faults.replug()
    bench.after(60)
    bench.type(b"ATV1Q0E0\r")
    bench.after(10)
    assert bench.at("+CGSN").endswith("OK\r\n")
