"""The worst case that is told of a template: no text that it makes is ever longer."""

from __future__ import annotations

import string
from itertools import pairwise

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from modemgw.gateway.outgoing.content import Content, split
from modemgw.gateway.templates import pieces
from modemgw.gateway.templates.bounds import LONGEST_SIGN, Bound, bounds, lengths, parts
from modemgw.gateway.templates.checking import check
from modemgw.gateway.templates.compiled import CompiledTemplate
from modemgw.sms.graphemes import can_break
from modemgw.store import Parameter, Template, TemplateContent, Variant

EMOJI = "🎉👨‍👩‍👧‍👦🇬🇧👍🏽"
GSM = string.ascii_letters + string.digits + " .,:@£$éÉΔ\n"
PAIRS = "€[]{}~^|\\"


def of(text, parameters):
    content = TemplateContent((Variant("en", None, text),), parameters)
    return bounds(pieces.parse(text), lengths(content))


@pytest.mark.parametrize(
    ("text", "parameters", "told"),
    [
        ("x" * 160, {}, [Bound("gsm7", 160, 1)]),
        ("x" * 161, {}, [Bound("gsm7", 161, 2)]),
        ("x" * 306, {}, [Bound("gsm7", 306, 2)]),
        ("x" * 304 + "€", {}, [Bound("gsm7", 306, 3)]),
        ("я" * 70, {}, [Bound("ucs2", 70, 1)]),
        ("я" * 71, {}, [Bound("ucs2", 71, 2)]),
        ("{{ a }}", {"a": Parameter("string", max_length=160)}, [Bound("gsm7", 160, 1)]),
        ("x{{ a }}", {"a": Parameter("string", max_length=160)}, [Bound("gsm7", 161, 2)]),
        ("{{ a }}", {"a": Parameter("code")}, [Bound("gsm7", 12, 1)]),
        ("{{ a | truncate(9) }}", {"a": Parameter("string")}, [Bound("gsm7", 9, 1)]),
        ("{{ a | format('%d.%m.') }}", {"a": Parameter("date")}, [Bound("gsm7", 6, 1)]),
        (
            "{% if a %}" + "x" * 160 + "{% else %}no{% endif %}",
            {"a": Parameter("boolean")},
            [Bound("gsm7", 160, 1)],
        ),
        (
            "{{ a }}",
            {"a": Parameter("string", max_length=80, allow_unicode=True)},
            [Bound("gsm7", 80, 1), Bound("ucs2", 80, 2)],
        ),
        (
            "{% if a %}я{% endif %}" + "x" * 100,
            {"a": Parameter("boolean")},
            [Bound("gsm7", 100, 1), Bound("ucs2", 101, 2)],
        ),
    ],
)
def test_the_worst_case(text, parameters, told):
    assert list(of(text, parameters)) == told


def test_a_sign_that_does_not_fit_wastes_the_rest_of_a_part():
    assert parts("ucs2", 134, 0) == 2
    assert parts("ucs2", 134, 1) == 3
    assert parts("ucs2", 115, 19) == 2
    assert parts("ucs2", 116, 19) == 3


# --- any template, any values

SIGNS = ("👨‍👩‍👧‍👦", "🇬🇧", "👍🏽", "e\u0301", "ab", "\r\n")
_words = st.text(GSM, max_size=60)
_literals = st.one_of(
    _words,
    _words,
    st.text(GSM + PAIRS, max_size=160),
    st.text(GSM + "яжłß–", max_size=80),
    st.lists(st.sampled_from(["👨‍👩‍👧‍👦", "🇬🇧", "👍🏽", "e\u0301", "ab", "\r\n"]), max_size=20).map(
        "".join
    ),
).map(lambda text: text.replace("{", "(").replace("}", ")"))

PARAMETERS = {
    "s": Parameter("string", max_length=40),
    "u": Parameter("string", max_length=40, allow_unicode=True),
    "o": Parameter("string", max_length=15, default=""),
    "c": Parameter("code"),
    "n": Parameter("integer"),
    "p": Parameter("decimal"),
    "d": Parameter("date"),
    "t": Parameter("datetime"),
    "w": Parameter("url", max_length=60),
    "b": Parameter("boolean"),
}
_placeholders = st.sampled_from(
    [
        "{{ s }}", "{{ s | upper }}", "{{ s | title | truncate(9) }}", "{{ u }}", "{{ u | lower }}",
        "{{ u | trim }}", "{{ u | truncate(7) }}", "{{ o }}", "{{ c | upper }}", "{{ n }}",
        "{{ p | comma }}", "{{ d | format('%d.%m.%Y') }}", "{{ d }}", "{{ t }}",
        "{{ t | format('%I:%M %p') }}", "{{ w }}",
    ]
)  # fmt: skip
_flat = st.lists(st.one_of(_literals, _placeholders), max_size=4).map("".join)
_choices = st.tuples(st.sampled_from(["b", "o", "n > 5", "not b and u"]), _flat, _flat).map(
    lambda c: f"{{% if {c[0]} %}}{c[1]}{{% else %}}{c[2]}{{% endif %}}"
)
_texts = st.lists(st.one_of(_literals, _placeholders, _choices), min_size=1, max_size=6).map(
    "".join
)


def _within(length, alphabet):
    return st.text(alphabet, max_size=length)


_unicode = st.one_of(
    _within(40, GSM + PAIRS),
    _within(20, GSM + "яłЖ日本\u0301\u200d👍🏽ÄÀé€" + EMOJI),
)
_values = st.fixed_dictionaries(
    {
        "s": _within(40, GSM + PAIRS).filter(bool),
        "u": _unicode.filter(bool),
        "c": _within(12, string.ascii_letters + "-").filter(bool),
        "n": st.integers(-(10**11) + 1, 10**12 - 1),
        "p": st.decimals(-(10**9), 10**9, places=4).map(lambda d: f"{d:.4f}"),
        "d": st.dates().map(str),
        "t": st.datetimes().map(lambda at: at.isoformat()),
        "w": _within(40, string.ascii_letters + "[]~").map(
            lambda path: f"https://a.example/{path}"
        ),
        "b": st.booleans(),
    },
    optional={"o": _within(15, GSM)},
)


def longest_sign(text):
    edges = [0, *(i for i in range(1, len(text)) if can_break(text, i)), len(text)]
    return max(len(text[a:b].encode("utf-16-be")) // 2 for a, b in pairwise(edges))


SAMPLE = {
    "s": "€" * 20, "u": "👨‍👩‍👧‍👦" * 2, "c": "a", "n": 1, "p": "1", "d": "2026-01-01",
    "t": "2026-01-01T00:00", "w": "https://a.example/", "b": True,
}  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(_texts, _values)
@example("{{ s }}" * 8, SAMPLE)
@example("x" * 139 + "{{ s }}" * 4, SAMPLE)
@example("x" * 66 + "{{ u }}" * 4, SAMPLE)
@example("👨‍👩‍👧‍👦" * 12 + "ab", SAMPLE)
@example("я" * 60 + "{{ u }}{{ s }}" * 3, SAMPLE)
def test_no_text_is_ever_longer_than_the_worst_case_that_is_told(text, values):
    content = TemplateContent((Variant("en", None, text),), PARAMETERS)
    assume(check(content) == [])
    template = CompiledTemplate(Template("t", 1, content, "api", 0.0, None))
    (variant,) = template.variants
    made = template.text(variant, values)
    # A value of 20 characters can have more than 40 units, with every emoji counted twice.
    assume(not made.problems)
    assume(made.text)
    assume(longest_sign(made.text) <= LONGEST_SIGN)
    sent = split(Content(text=made.text))
    told = {str(bound.alphabet): bound for bound in variant.bounds}
    bound = told[sent.alphabet.value]
    assert len(sent.parts) <= bound.parts <= variant.most_parts
    assert sum(sent.units) <= bound.units
