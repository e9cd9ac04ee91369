"""What a type's policy decides: routes, priority, and how long is waited between tries."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest
from labs.clock import START
from labs.outbox import checked, config_of, refusal, running

from modemgw.config import Config, ConfigError, parse
from modemgw.gateway.errors import Rejected
from modemgw.gateway.outgoing.retry import decide
from modemgw.modem import ErrorCode, classify
from modemgw.store.records import MessageStatus, NewMessage

TO = "+447700900123"
ROUTES = [
    {"id": "cheap"},
    {"id": "fast", "match": {"type": ["otp"]}},
    {"id": "abroad", "match": {"to_prefix": ["+1"]}},
]


def routed(config: dict[str, Any], type: str, to: str = TO, **more: Any) -> str:
    new = NewMessage(to=to, text="x", type=type, **more)
    return checked(parse(config), new).route


def test_a_type_takes_its_own_routes_in_its_own_order() -> None:
    config = {"route": ROUTES, "type": {"otp": {"routes": ["abroad", "fast"]}}}
    assert routed(config, "transactional") == "cheap"
    assert routed(config, "otp") == "fast", "abroad does not match"
    assert routed(config, "otp", "+12125550123") == "abroad"
    assert routed(config, "otp", route="cheap") == "cheap", "the caller knows better"


def test_what_none_of_its_routes_carries_is_refused() -> None:
    config = {"route": ROUTES, "type": {"promotional": {"routes": ["abroad"]}}}
    with pytest.raises(Rejected) as refused:
        routed(config, "promotional")
    (problem,) = refused.value.problems
    assert (problem.field, problem.code) == ("to", "unroutable")


@pytest.mark.parametrize(
    ("routes", "told"),
    [
        (["nowhere"], "type.promotional: route 'nowhere' is not defined; there is abroad, cheap"),
        (["fast"], "type.promotional: route 'fast' carries otp only"),
    ],
)
def test_routes_that_cannot_carry_it_are_told(routes: list[str], told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse({"route": ROUTES, "type": {"promotional": {"routes": routes}}})
    assert told in str(caught.value)


async def test_what_waits_for_a_route_that_is_gone_takes_one_of_its_type(tmp_path: Path) -> None:
    routes = [{"id": "x"}, {"id": "y"}]
    lanes: dict[str, Any] = {"m1": {"routes": ["y"]}}
    async with running(tmp_path, route=[{"id": "old"}, *routes], **lanes) as lab:
        message = await lab.accept(TO)
        assert message.route == "old"
        await lab.settle()
        types = {"transactional": {"routes": ["y"]}}
        config = config_of(tmp_path, route=routes, type=types, **lanes)
        await lab.outbox.follow(config)
        await lab.settle()
        assert (await lab.message(message)).status is MessageStatus.SENT


async def test_priorities_of_another_configuration_hold_at_once(tmp_path: Path) -> None:
    async with running(tmp_path, ready=False) as lab:
        await lab.accept(TO, text="code", type="otp")
        await lab.accept(TO, text="sale", type="promotional")
        types = {"otp": {"priority": 3}, "promotional": {"priority": 1}}
        await lab.outbox.follow(config_of(tmp_path, type=types))
        await lab.up("m1")
        await lab.settle()
        assert lab.sent() == ["sale", "code"]


# --- back-off


def waits(config: Config, number: int = 42) -> list[float]:
    verdict = classify(ErrorCode("CMS", number), profile=None, elapsed_s=1.0)
    policy = config.type.otp
    return [
        decide(verdict, n, policy, another_sim=False, random=Random(1)).wait_s
        for n in range(1, policy.max_attempts)
    ]


def test_waits_grow_from_the_first_to_the_longest() -> None:
    policy = {"retry_wait": 30, "retry_wait_max": 200, "max_attempts": 6}
    found = waits(parse({"type": {"otp": policy}}), 500)
    assert len(found) == 5
    for wait, plain in zip(found, (30, 60, 120, 200, 200), strict=True):
        assert plain * 0.8 <= wait <= plain * 1.2


def test_a_refusal_may_call_for_a_longer_wait() -> None:
    assert waits(parse({"type": {"otp": {"retry_wait": 1}}})) == waits(parse({}))


def test_the_longest_holds_for_what_a_refusal_says_too() -> None:
    default, short = waits(parse({})), waits(parse({"type": {"otp": {"retry_wait_max": 2}}}))
    assert min(default) > 2.4
    assert max(short) <= 2.4


async def test_they_hold_for_what_is_refused(tmp_path: Path) -> None:
    policy = {"retry_wait": 2, "retry_wait_max": 2, "max_attempts": 3}
    async with running(tmp_path, type={"transactional": policy}) as lab:
        lab.modems["m1"].script += [refusal(500)] * 3
        message = await lab.accept(TO)
        await lab.settle()
        for tries in (1, 2, 3):
            assert len(lab.sent()) == tries
            await lab.pass_time(2.5)
        assert (await lab.message(message)).status is MessageStatus.FAILED
        assert lab.clock.now - START == 7.5


def test_a_table_that_says_one_thing_keeps_the_defaults_of_its_type() -> None:
    config = parse({"type": {"otp": {"validity": 300}, "promotional": {"validity": 60}}})
    assert config.type.otp.ambiguous == "retry"
    assert config.type.otp.max_attempts == 4
    assert config.type.otp.erase_text
    assert config.type.priorities == {"otp": 1, "transactional": 2, "promotional": 3}
