"""What is accepted, as what, and every reason why something is not."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from labs.clock import START
from labs.outbox import checked

from modemgw.config import parse
from modemgw.gateway.admission.numbering import NumberError, normalise
from modemgw.gateway.errors import Rejected
from modemgw.gateway.identifiers import new_id
from modemgw.store.records import Message, MessageStatus, NewMessage

CONFIG = parse(
    {
        "modem": [{"id": "m1", "device": "/dev/null", "routes": ["uk", "codes", "default"]}],
        "route": [
            {"id": "uk", "match": {"to_prefix": ["+44"], "type": ["transactional"]}},
            {"id": "codes", "match": {"type": ["otp"]}},
            {"id": "vip", "match": {"key": ["crm"]}},
            {"id": "tagged", "match": {"tag": ["night"]}},
            {"id": "default", "match": {"to_prefix": ["+4"]}},
        ],
    }
)


def check(key: str = "test", **more: Any) -> Message:
    values = {"to": "+447700900123", "text": "hello", **more}
    return checked(CONFIG, NewMessage(**values), key=key)


def problems(**more: Any) -> dict[str, str]:
    with pytest.raises(Rejected) as refused:
        check(**more)
    found = {p.field: p.code for p in refused.value.problems}
    assert len(found) == len(refused.value.problems), "one problem a field"
    assert all(p.detail for p in refused.value.problems)
    return found


def test_every_wrong_field_is_told_at_once() -> None:
    assert problems(
        to="nobody", text="", modem="m9", route="nowhere", send_at=START + 400 * 86400
    ) == {
        "to": "invalid-number",
        "text": "empty",
        "modem": "unknown",
        "route": "unknown",
        "send_at": "out-of-range",
    }


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"to": "12"}, {"to": "invalid-number"}),
        ({"to": ""}, {"to": "invalid-number"}),
        ({"text": None}, {"text": "empty"}),
        ({"text": "x", "data": b"x"}, {"data": "contradiction"}),
        ({"text": None, "data": b"x", "encoding": "gsm7"}, {"encoding": "not-encodable"}),
        ({"encoding": "binary"}, {"encoding": "not-encodable"}),
        ({"text": "数", "encoding": "gsm7"}, {"text": "not-encodable"}),
        ({"text": "x" * 161, "max_parts": 1}, {"text": "too-many-parts"}),
        ({"text": "x" * 153 * 256}, {"text": "not-encodable"}),
        ({"to": "+33612345678", "type": "promotional"}, {"to": "unroutable"}),
    ],
)
def test_each_mistake_names_its_field(given: dict[str, Any], found: dict[str, str]) -> None:
    assert problems(**given) == found


@pytest.mark.parametrize(
    ("given", "route"),
    [
        ({}, "uk"),
        ({"type": "otp"}, "codes"),
        ({"type": "promotional"}, "default"),
        ({"type": "promotional", "key": "crm"}, "vip"),
        ({"type": "promotional", "tags": ("day", "night")}, "tagged"),
        ({"to": "+4915112345678"}, "default"),
        ({"route": "codes"}, "codes"),
    ],
)
def test_the_first_route_that_matches_carries_it(given: dict[str, Any], route: str) -> None:
    assert check(**given).route == route


@pytest.mark.parametrize(
    ("given", "encoding", "parts"),
    [
        ({"text": "x" * 160}, "gsm7", 1),
        ({"text": "x" * 161}, "gsm7", 2),
        ({"text": "€" * 80}, "gsm7", 1),
        ({"text": "€" * 81}, "gsm7", 2),
        ({"text": "数" * 70}, "ucs2", 1),
        ({"text": "数" * 71}, "ucs2", 2),
        ({"text": "x", "encoding": "ucs2"}, "ucs2", 1),
        ({"text": None, "data": b"x" * 140}, "binary", 1),
        ({"text": None, "data": b"x" * 141, "encoding": "binary"}, "binary", 2),
        ({"text": "“quoted” – dash", "transliterate": True}, "gsm7", 1),
    ],
)
def test_a_message_is_stored_as_it_will_be_sent(
    given: dict[str, Any], encoding: str, parts: int
) -> None:
    message = check(**given)
    assert (message.encoding, len(message.parts)) == (encoding, parts)
    assert message.status is MessageStatus.QUEUED


def test_what_transliteration_changed_is_what_is_kept() -> None:
    message = check(text="“quoted”", transliterate=True)
    assert message.text == '"quoted"'


def test_validity_runs_from_when_it_may_be_sent() -> None:
    assert check(type="otp").expires_at == START + 600
    assert check(validity_s=30).expires_at == START + 30
    later = check(send_at=START + 100, validity_s=30)
    assert later.expires_at == START + 130
    assert later.status is MessageStatus.SCHEDULED
    past = check(send_at=START - 100, validity_s=30)
    assert (past.status, past.send_at, past.expires_at) == (
        MessageStatus.QUEUED,
        None,
        START + 30,
    )


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("+447700900123", "+447700900123"),
        ("+44 (7700) 900-123", "+447700900123"),
        ("07700 900123", "+447700900123"),
        ("00447700900123", "+447700900123"),
        ("+999000000001", "+999000000001"),
        ("12345", "12345"),
        ("*100#", "*100#"),
        ("87070", "87070"),
        # A trunk prefix is dialled within the country only.
        ("+44 (0)7700 900123", "+447700900123"),
        ("+44 0 7700 900123", "+447700900123"),
        ("+4407700900123", "+447700900123"),
        ("0044(0)7700900123", "+447700900123"),
        ("00 34 (0) 612 34 56 78", "+34612345678"),
        ("00999000000001", "+999000000001"),
        ("+49 (0)170 1234567", "+491701234567"),
        ("+36 (06) 20 123 4567", "+36201234567"),
        ("+7 (8) 916 123 45 67", "+79161234567"),
        ("+375 (8) 029 491 19 11", "+375294911911"),
        # Where there is none it is a habit, or a digit of the number.
        ("+39 (0)6 1234 5678", "+390612345678"),
        ("+39 06 1234 5678", "+390612345678"),
        ("+39 (0)347 123 4567", "+393471234567"),
        ("+65 (0) 9123 4567", "+6591234567"),
        ("+242 06 612 3456", "+242066123456"),
        ("+7 800 123 45 67", "+78001234567"),
        # As phones, directories and links write them.
        ("tel:+44-7700-900123", "+447700900123"),
        ("tel:7700900123;phone-context=+44", "+447700900123"),
        ("tel:12345", "12345"),
        ("+44 7700‑900−123", "+447700900123"),
        ("‪+44 7700 900123‬", "+447700900123"),
        ("＋４４（０）7700 900123", "+447700900123"),
        ("1234#567", "1234#567"),
    ],
)
def test_numbers_are_read_as_people_write_them(text: str, number: str) -> None:
    assert normalise(text, "GB") == number


@pytest.mark.parametrize(
    "text",
    [
        "",
        "+",
        "nobody",
        "+0123456789",
        "+44",
        "12",
        "+4477009001234567",
        "07700 x",
        "+44\n77",
        "１２３４５",
    ],
)
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(NumberError):
        normalise(text, "GB")


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("+44770090012345", "too many digits"),
        ("+44 (0)7700 9001234", "too many digits"),
        ("07700 9001234", "too many digits"),
        ("+15550123", "area code"),
        ("+4930", "international"),
        ("+65 912 3456", "digits"),
        ("+2101234567", "no country's code"),
        ("+44 7700 900123 ext. 5", "extension"),
        ("+447700900123x5", "extension"),
        ("07700 900123#5", "extension"),
        ("tel:+447700900123;ext=5", "extension"),
    ],
)
def test_a_number_that_its_plan_does_not_know_is_told_what_is_wrong(text: str, wrong: str) -> None:
    with pytest.raises(NumberError, match=wrong):
        normalise(text, "GB")


def test_ids_sort_by_time_and_do_not_repeat() -> None:
    random = Random(1)
    ids = [new_id("msg", START + n / 1000, random) for n in range(1000)]
    assert ids == sorted(ids)
    assert len(set(ids)) == 1000
