"""What [[handler]] may say: patterns that cannot run for ever, texts that can be filled in."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import pytest

from modemgw.config import ConfigError, parse
from modemgw.config.handler_texts import FIELDS, HandlerText
from modemgw.config.patterns import LOOKED_AT, search

FOUND: dict[str, Any] = {
    "id": "in_1",
    "text": "ORDER  4711 two\nlines",
    "from": "+447700900555",
    "to": None,
    "name": "",
    "modem": "m1",
    "sim": "8944",
    "keyword": "ORDER",
    "rest": "4711 two\nlines",
    "groups": {0: "4711", 1: "4711", "number": "4711", "items": "three", "none": ""},
    "received_at": datetime(2026, 7, 22, 10, 0, 5, tzinfo=UTC),
}


def problems(**handler: Any) -> str:
    with pytest.raises(ConfigError) as refused:
        parse({"handler": [handler]})
    return str(refused.value)


# --- patterns


@pytest.mark.parametrize(
    ("pattern", "wrong"),
    [
        ("(a", "missing )"),
        (r"(a)\1", "invalid escape sequence"),
        ("(?=a)", "invalid perl operator"),
        ("a{1,99999}", "invalid repetition size"),
        ("(?:a?){1000}a{1000}", "repeat less in it"),
        ("x" * 1001, "1000 characters at most"),
    ],
)
@pytest.mark.parametrize("key", ["pattern", "from_pattern"])
def test_a_pattern_that_cannot_be_looked_for_is_refused(key: str, pattern: str, wrong: str) -> None:
    told = problems(reply="x", match={key: pattern})
    assert f"handler[0].match.{key}: " in told
    assert wrong in told


@pytest.mark.parametrize(
    "pattern",
    [
        "(x+x+)+y",
        "(a*)*b",
        "(.*)(.*)(.*)(.*)(.*)(.*)(.*)(.*)(.*)[0-9]$",
        "^(([a-z])+.)+[A-Z]([a-z])+$",
        "(?:a?){300}a{300}b",
        r"(\w+\s?)+\d",
    ],
)
def test_no_pattern_takes_long(pattern: str) -> None:
    """Each of these would take longer than the sun lasts, by Python's own `re`."""
    text = "x" * 20_000 + "a" * 20_000
    for said in (text, text[::-1], "ab " * 13_000):
        begun = time.process_time()
        search(pattern, said)
        assert time.process_time() - begun < 0.5


def test_what_a_pattern_has_found() -> None:
    found = search(r"(?i)order\s+(?P<number>\d+)(?: for (.*))?", "my ORDER 4711, please")
    assert found == {0: "ORDER 4711", 1: "4711", "number": "4711", 2: ""}
    assert search("x", "abc") is None


def test_the_beginning_of_a_text_is_looked_at() -> None:
    assert search("x$", " " * (LOOKED_AT - 1) + "x") is not None
    assert search("x", " " * LOOKED_AT + "x") is None


def test_what_is_no_text_harms_nothing() -> None:
    assert search("(.)b", "\ud800b") == {0: "?b", 1: "?"}
    assert search("😀(.)", "a😀é") == {0: "😀é", 1: "é"}


# --- texts


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("Call us.", "Call us."),
        ("100 % {sure}\n", "100 % {sure}\n"),
        ("a\r\nb", "a\r\nb"),
        ("Hello {{ from }}!\n", "Hello +447700900555!\n"),
        ("{{ keyword|lower }}: {{ rest }}", "order: 4711 two\nlines"),
        ("{{ groups[1] }} {{ groups.number }} {{ groups['number'] }}", "4711 4711 4711"),
        ("{{ groups.items }}", "three"),
        ("{{ groups.absent|default('nothing') }}", "nothing"),
        ("{% if groups.none %}some{% else %}none{% endif %}", "none"),
        ("{{ to }}{{ name }}", ""),
        ("{{ received_at }}", "2026-07-22T10:00:05Z"),
        ("{{ received_at|time('%H:%M', 'Europe/London') }}", "11:00"),
        ("{{ received_at.year }}", "2026"),
        ("{{ text|replace('4711', '#') }}", "ORDER  # two\nlines"),
        ("{{ text|length > 5 and 'long' or 'short' }}", "long"),
        ("{{ '{{ from }}' }}", "{{ from }}"),
        ("{# nobody sees this #}x", "x"),
    ],
)
def test_a_text_is_filled_in(text: str, made: str) -> None:
    assert parse({"handler": [{"reply": text}]}).handler[0].reply == text
    assert HandlerText(text).render(FOUND) == made


def test_all_fields_can_be_filled_in() -> None:
    assert set(FOUND) == set(FIELDS)
    HandlerText("".join(f"{{{{ {name} }}}}" for name in FIELDS)).render(FOUND)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("{{ txet }}", "there is no txet to fill in; there is text, from"),
        ("{{ self }}", "there is no self"),
        ("one\n{{ from", "line 2 of this template: unexpected end"),
        ("{% if from %}", "Unexpected end of template"),
        ("{{ from|shout }}", "No filter named 'shout'. There is abs"),
        ("{{ text|join(text) }}", "No filter named 'join'"),
        ("{% for a in text %}{% endfor %}", "there is no 'for' here"),
        ("{{ text.replace('a', text) }}", "there is no 'call' here"),
        ("{{ text * 100000 }}", "there is no 'mul' here"),
        ("{{ 9 ** 9 ** 9 }}", "there is no 'pow' here"),
        ("{{ '%999999999d' % 1 }}", "there is no 'mod' here"),
        ("{% set a = text ~ text %}", "there is no 'assign' here"),
        ("{% macro m() %}{{ m() }}{% endmacro %}", "there is no"),
        ("{% include '/etc/passwd' %}", "there is no 'include' here"),
        ("{{ text }}" * 401, "4000 characters at most"),
    ],
)
def test_a_text_that_cannot_be_made_is_refused(text: str, wrong: str) -> None:
    assert wrong in problems(reply=text)
    assert wrong in problems(forward=["+447700900001"], prefix=text)


@pytest.mark.parametrize(
    "text",
    [
        "{{ text.__class__.__mro__ }}",
        "{{ groups.nothing }}",
        "{{ text + 1 }}",
        "{{ text|time }}",
        "{{ received_at|time('%H', 'Nowhere/At_all') }}",
        "{{ text|replace('', text)|replace('', text)|replace('', text) }}",
    ],
)
def test_what_cannot_be_filled_in_for_a_message_says_so(text: str) -> None:
    made = HandlerText(text)
    with pytest.raises(ValueError, match=r"."):
        made.render({**FOUND, "text": "a" * 40_000})


def test_the_largest_template_takes_no_time() -> None:
    made = HandlerText("{{ text|upper|lower|title|replace('a','b') }}" * 80)
    begun = time.process_time()
    made.render({**FOUND, "text": "aX" * 19_500})
    assert time.process_time() - begun < 2


# --- the table


@pytest.mark.parametrize(
    ("handler", "wrong"),
    [
        ({"reply": "x", "prefix": "y"}, "prefix goes with forward only"),
        ({"forward": []}, "forward needs at least one number"),
        ({"forward": ["07700900001"]}, "a number with country code"),
        ({"forward": ["+447700900001"], "reply": "x"}, "give exactly one of"),
        ({"reply": "x", "match": {"form": "x"}}, "is from meant?"),
        ({"reply": "x", "match": {"class": 4}}, "less than or equal to 3"),
        ({"reply": "x", "match": {"port": [70000]}}, "less than or equal to 65535"),
        ({"reply": "x", "match": {"keyword": "two words"}}, "one word"),
        ({"reply": "x", "on": "call", "match": {"keyword": "A"}}, "a call has no text"),
        ({"reply": "x", "on": "call", "match": {"class": 0}}, "match.class: a call"),
        ({"reply": "x", "on": "fax"}, "'message' or 'call'"),
    ],
)
def test_what_a_handler_cannot_be_is_refused(handler: dict[str, Any], wrong: str) -> None:
    assert wrong in problems(**handler)


def test_one_of_a_kind_needs_no_list() -> None:
    match = {"from": "+447700900555", "to": "+447700900001", "sim": "8944100030", "port": 5000}
    (handler,) = parse({"handler": [{"reply": "x", "match": {**match, "class": 0}}]}).handler
    assert handler.match.from_ == ("+447700900555",)
    assert handler.match.port == (5000,)
    assert handler.match.class_ == (0,)
