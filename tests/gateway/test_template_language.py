"""What a template may say, what its parameters take, and which variant speaks to whom."""

from __future__ import annotations

from typing import get_args

import pytest

from modemgw.config.templates import ParameterType
from modemgw.gateway.templates import filters, languages, pieces
from modemgw.gateway.templates.checking import check
from modemgw.gateway.templates.compiled import CompiledTemplate
from modemgw.gateway.templates.parameters import TYPES, BadValue, Reader
from modemgw.gateway.templates.pieces import Choice, LanguageError, Placeholder
from modemgw.store import Parameter, Template, TemplateContent, Variant

ANY = {name: Parameter("string", default="") for name in "abc"} | {
    "n": Parameter("integer"),
    "at": Parameter("date"),
    "yes": Parameter("boolean", default=False),
    "price": Parameter("decimal"),
}


def content(text, parameters=None, **more):
    return TemplateContent((Variant("en", None, text),), parameters or {}, **more)


def compiled(text, parameters=None, **more):
    made = content(text, parameters, **more)
    assert check(made) == []
    return CompiledTemplate(Template("t", 1, made, "api", 0.0, None))


def say(template, _variant=0, **params):
    made = template.text(template.variants[_variant], params)
    assert made.problems == ()
    return made.text


def problems(template, **params):
    made = template.text(template.variants[0], params)
    return [(problem.field, problem.code) for problem in made.problems]


# --- the language


def test_a_template_is_made_of_words_placeholders_and_choices():
    parsed = pieces.parse("Hi {{ a }}{# why #}!{% if b %} {{b|upper}}{% else %}-{% endif %}\n")
    assert parsed[:3] == ("Hi ", Placeholder("a"), "!")
    choice = parsed[3]
    assert isinstance(choice, Choice)
    assert choice.branches == ((" ", Placeholder("b", (pieces.Call("upper"),))), ("-",))
    assert parsed[4:] == ("\n",)
    assert pieces.names(parsed) == ["a", "b"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{% for x in a %}{{ x }}{% endfor %}", "for"),
        ("{% set a = 1 %}", "assign"),
        ("{% macro x() %}{% endmacro %}", "macro"),
        ("{% include 'x' %}", "include"),
        ("{% extends 'x' %}", "extends"),
        ("{% with %}{% endwith %}", "with"),
        ("{{ a.upper() }}", "more in {{ }}"),
        ("{{ a.__class__ }}", "more in {{ }}"),
        ("{{ a['b'] }}", "more in {{ }}"),
        ("{{ 'x' * 1000000000 }}", "more in {{ }}"),
        ("{{ a ~ b }}", "more in {{ }}"),
        ("{{ range(9) }}", "more in {{ }}"),
        ("{{ 7 }}", "more in {{ }}"),
        ("{{ a if b }}", "write {% if"),
        ("{{ a | default('x') }}", "give the parameter a default"),
        ("{{ a | center(80) }}", "the filter center; there is upper"),
        ("{{ a | truncate }}", "a number: truncate"),
        ("{{ a | truncate('9') }}", "a number: truncate"),
        ("{{ a | truncate(n) }}", "a number: truncate"),
        ("{{ a | upper(1) }}", "nothing in brackets"),
        ("{{ a.b | upper }}", "more in {{ }}"),
        ("{% if a is defined %}{% endif %}", "asks more"),
        ("{% if a in b %}{% endif %}", "asks more"),
        ("{% if a == b %}{% endif %}", "asks more"),
        ("{% if 1 < n < 5 %}{% endif %}", "asks more"),
        ("{% if a | upper %}{% endif %}", "asks more"),
        ("{{ a", "line 1"),
        ("\n{% if a %}", "line 2"),
        ("{{ }}", "Expected an expression"),
        ("{% nonsense %}", "unknown tag"),
        ("{{" + "(" * 5000 + "a", "characters|deeply"),
        ("{{" + "(" * 3000, "deeply"),
        ("{% if a %}" * 9 + "{% endif %}" * 9, "within `if`"),
        ("x" * 8001, "8,001 characters, 8,000 at most"),
    ],
)
def test_what_could_run_away_or_is_no_template_is_refused_by_name(text, why):
    with pytest.raises(LanguageError, match=why):
        pieces.parse(text)


def test_values_are_never_read_as_templates():
    template = compiled("Hi {{ a }}", {"a": Parameter("string")})
    for evil in ("{{ 7 * 7 }}", "{% for x in y %}", "{{ a }}", "{# x #}", "<b>&amp;"):
        assert say(template, a=evil) == f"Hi {evil}"


def test_braces_can_be_written():
    assert say(compiled("{{ '{{' }} {% raw %}{{ a }}{% endraw %}")) == "{{ {{ a }}"


# --- filters


@pytest.mark.parametrize(
    ("shown", "value", "becomes"),
    [
        ("a | upper", "straße à la carte", "STRAßE à LA CARTE"),
        ("a | lower", "ÇA VA É", "Ça va é"),
        ("a | capitalize", "ann", "Ann"),
        ("a | title", "o'brien ANN lee", "O'Brien Ann Lee"),
        ("a | trim", "  x ", "x"),
        ("a | truncate(3)", "abcdef", "abc"),
        ("a | truncate(3)", "ab€f", "ab"),
        ("a | trim | upper | truncate(2)", " abc", "AB"),
        ("at | format('%d.%m.%Y')", "2026-03-07", "07.03.2026"),
        ("at | format('%-d/%-m/%y')", "2026-03-07", "7/3/26"),
        ("price | comma", "1234.50", "1234,50"),
    ],
)
def test_filters(shown, value, becomes):
    name = shown.split()[0]
    template = compiled(f"{{{{ {shown} }}}}", {name: ANY[name]})
    assert say(template, **{name: value}) == becomes


def test_a_cut_keeps_what_is_read_as_one_character_whole():
    family = "👨‍👩‍👧"
    assert filters.truncate(f"ab{family}", 5) == "ab"
    assert filters.truncate(f"ab{family}", 2 + filters.units(family)) == f"ab{family}"
    assert filters.truncate(family, 3) != "", "one that is longer than all there is, is cut"


@pytest.mark.parametrize("pattern", ["%d. %B", "%q", "%d\n", "ü", "%"])
def test_a_pattern_for_moments_has_what_has_a_length(pattern):
    made = content(f"{{{{ at | format('{pattern}') }}}}", {"at": ANY["at"]})
    assert [problem.code for problem in check(made)] == ["invalid"]


@pytest.mark.parametrize(
    ("kind", "value", "pattern", "becomes"),
    [
        ("time", "18:05", "%I:%M %p", "06:05 PM"),
        ("time", "00:05:59", "%-I:%M %p", "12:05 AM"),
        ("datetime", "2026-11-25T18:30:12+01:00", "%d.%m. %H:%M", "25.11. 18:30"),
    ],
)
def test_moments_are_shown_as_they_are_written(kind, value, pattern, becomes):
    template = compiled(f"{{{{ x | format('{pattern}') }}}}", {"x": Parameter(kind)})
    assert say(template, x=value) == becomes


# --- conditions


def test_an_if_asks_whether_something_is_there_and_how_it_compares():
    text = (
        "{% if n == 1 %}one{% elif n > 1 and not yes %}{{ n }}{% elif a %}{{ a }}"
        "{% elif b == 'x' or b != '' %}{{ b }}{% else %}none{% endif %}"
    )
    template = compiled(text, {name: ANY[name] for name in ("n", "yes", "a", "b")})
    assert say(template, n=1) == "one"
    assert say(template, n=2) == "2"
    assert say(template, n="2", yes="true", a="A") == "A"
    assert say(template, n=0, b="B") == "B"
    assert say(template, n=0, b="") == "none"


# --- what is wrong with a template


def found(text, parameters=None, **more):
    return [(p.field, p.code) for p in check(content(text, parameters, **more))]


def test_what_is_wrong_with_a_template_is_told_all_at_once():
    made = TemplateContent(
        (
            Variant("english", None, "{{ a }}"),
            Variant("en", "gb", "{{ name | upper }} {{ b }}"),
            Variant("de", None, "{% for x in y %}"),
            Variant("de", None, "ok"),
        ),
        {
            "a": Parameter("string", max_length=0),
            "b": Parameter("date", max_length=3),
            "1x": Parameter("string"),
            "loop": Parameter("string"),
            "k": Parameter("blob"),
        },
    )
    assert [(p.field, p.code) for p in check(made)] == [
        ("variants[0].language", "invalid"),
        ("variants[1].language", "invalid"),
        ("variants", "repeated"),
        ("parameters.a.max_length", "out-of-range"),
        ("parameters.b.max_length", "contradiction"),
        ("parameters.1x", "invalid"),
        ("parameters.loop", "reserved"),
        ("parameters.k.type", "unknown"),
        ("variants[1].text", "undeclared"),
        ("variants[2].text", "not-a-template"),
    ]
    undeclared = next(p for p in check(made) if p.code == "undeclared")
    assert undeclared.detail.startswith("uses name, which parameters does not declare; there is a")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{{ yes }}", "wrong-type"),
        ("{{ n | upper }}", "wrong-type"),
        ("{{ a | format('%d') }}", "wrong-type"),
        ("{{ a | comma }}", "wrong-type"),
        ("{{ a | truncate(0) }}", "invalid"),
        ("{{ at | format('%H') }}", "invalid"),
        ("{{ at | format('%d') | format('%d') }}", "contradiction"),
        ("{% if n == 'x' %}{% endif %}", "wrong-type"),
        ("{% if a > 'x' %}{% endif %}", "wrong-type"),
        ("{% if yes == 1 %}{% endif %}", "wrong-type"),
        ("{% if price > 1 %}{% endif %}", "wrong-type"),
    ],
)
def test_what_does_not_go_with_a_type_is_refused(text, code):
    assert found(text, ANY) == [("variants[0].text", code)]


def test_a_number_that_may_be_empty_is_not_compared():
    optional = {"n": Parameter("integer", default="")}
    assert found("{% if n > 1 %}{{ n }}{% endif %}", optional) == [
        ("variants[0].text", "contradiction")
    ]
    assert say(compiled("{% if n == 1 %}one{% endif %}{{ n }}", optional)) == ""


@pytest.mark.parametrize(
    ("parameter", "code"),
    [
        (Parameter("integer", default="x"), "wrong-type"),
        (Parameter("string", max_length=3, default="long"), "too-long"),
        (Parameter("string", default="Łukasz"), "not-encodable"),
        (Parameter("code", default="a b"), "invalid"),
    ],
)
def test_a_default_keeps_to_what_values_keep_to(parameter, code):
    assert found("{{ x }}", {"x": parameter}) == [("parameters.x.default", code)]


def test_a_text_that_could_take_more_parts_than_there_are_is_refused():
    many = {f"p{i}": Parameter("string", max_length=1000) for i in range(40)}
    text = "".join(f"{{{{ {name} }}}}" for name in many)
    assert found(text, many) == [("variants[0].text", "too-many-parts")]


def test_what_is_odd_is_told_as_a_warning():
    made = TemplateContent(
        (
            Variant("en", None, "{{ a }} {{ b }}"),
            Variant("de", None, "{{ a }}"),
            Variant("ru", None, "Привет {{ a }} {{ b }}"),
        ),
        {name: Parameter("string", allow_unicode=name == "a") for name in "abc"},
    )
    warnings = [
        (w.field, w.code)
        for w in CompiledTemplate(Template("t", 1, made, "api", 0.0, None)).warnings
    ]
    assert warnings == [
        ("variants[1].text", "unused"),
        ("parameters.c", "unused"),
        ("variants[0].text", "may-be-ucs2"),
        ("variants[1].text", "may-be-ucs2"),
        ("variants[2].text", "ucs2"),
    ]


# --- values


@pytest.mark.parametrize(
    ("kind", "value", "becomes"),
    [
        ("string", "Ann\r\nLee", "Ann\nLee"),
        ("string", 1234, "1234"),
        ("code", "AB-12", "AB-12"),
        ("code", 123456, "123456"),
        ("integer", "-7", -7),
        ("integer", 7.0, 7),
        ("decimal", 12.5, "12.5"),
        ("decimal", "12.50", "12.50"),
        ("decimal", 1e3, "1000.0"),
        ("decimal", 1e-7, "0.0000001"),
        ("date", "2026-11-25", "2026-11-25"),
        ("time", "18:30:59", "18:30"),
        ("datetime", "2026-11-25T18:30:59Z", "2026-11-25 18:30"),
        ("url", "https://a.example/b?c=[1]~", "https://a.example/b?c=[1]~"),
        ("phone", "+447700900123", "+447700900123"),
        ("boolean", True, True),
        ("boolean", "false", False),
    ],
)
def test_values_by_their_type(kind, value, becomes):
    assert Reader(TYPES[kind], 100, False, False).read(value) == becomes


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("string", ["a"]), ("string", True), ("string", 1.5), ("string", {"a": 1}),
        ("string", "a\x00b"), ("string", "a\x1bb"), ("string", "\u0085"),
        ("code", "a b"), ("code", "é"), ("code", "1\n"),
        ("integer", "1.5"), ("integer", 1.5), ("integer", True), ("integer", "1" * 41),
        ("integer", float("inf")), ("integer", float("nan")), ("integer", "\u0661"),
        ("decimal", "1,5"), ("decimal", "NaN"), ("decimal", float("inf")), ("decimal", "1e9"),
        ("decimal", 1e16),
        ("date", "25.11.2026"), ("date", "2026-13-01"), ("date", 20261125), ("date", "20261125"),
        ("time", "25:00"), ("time", "18"), ("datetime", "2026-11-25"), ("datetime", 7),
        ("url", "javascript:alert(1)"), ("url", "https://"), ("url", "https://a b"),
        ("url", "https://é.example"), ("url", "https://[::1"),
        ("phone", "0800 CALL"), ("boolean", 1), ("boolean", "yes"),
    ],
)  # fmt: skip
def test_what_is_no_value_of_a_type_is_refused(kind, value):
    with pytest.raises(BadValue):
        Reader(TYPES[kind], 100, False, False).read(value)


def test_there_are_the_types_that_the_api_names():
    assert tuple(TYPES) == get_args(ParameterType)


def test_what_is_missing_unknown_or_too_long_is_told_by_field():
    template = compiled(
        "{{ a }}{{ n }}{{ c }}",
        {"a": Parameter("string", max_length=3), "n": Parameter("integer"), "c": ANY["c"]},
    )
    assert problems(template, a="€€", zz=1) == [
        ("params.a", "too-long"),
        ("params.zz", "unknown"),
        ("params.n", "missing"),
    ]
    assert problems(template, a=None, n="") == [("params.a", "missing"), ("params.n", "missing")]
    assert say(template, a="abc", n=5, c=None) == "abc5"
    assert say(template, a="€a", n=5, c="") == "€a5"


def test_an_empty_value_is_as_good_as_none():
    template = compiled("Hi {{ a }}", {"a": Parameter("string", default="you")})
    assert say(template) == say(template, a="") == say(template, a=None) == "Hi you"


# --- characters that GSM 7-bit lacks


def test_a_value_does_not_change_the_alphabet_unless_it_may():
    strict = compiled("Hi {{ a }}", {"a": Parameter("string")})
    assert problems(strict, a="Ann 🎉") == [("params.a", "not-encodable")]
    assert problems(strict, a="Łukasz") == [("params.a", "not-encodable")]
    assert say(strict, a="Zoë".replace("ë", "é")) == "Hi Zoé"
    by_parameter = compiled("Hi {{ a }}", {"a": Parameter("string", allow_unicode=True)})
    assert say(by_parameter, a="Ann 🎉") == "Hi Ann 🎉"
    by_template = compiled("Hi {{ a }}", {"a": Parameter("string")}, allow_unicode=True)
    assert say(by_template, a="Łukasz") == "Hi Łukasz"


def test_a_value_may_be_transliterated_and_what_has_no_plain_form_is_refused():
    template = compiled("Hi {{ a }}", {"a": Parameter("string", max_length=6)}, transliterate=True)
    assert say(template, a="Łukasz") == "Hi Lukasz"
    assert problems(template, a="Ann 🎉") == [("params.a", "not-encodable")]
    assert problems(template, a="œœœœ") == [("params.a", "too-long")], "as it is sent"
    (warning,) = template.odd(template.variants[0], {"a": "Łukasz"})
    assert (warning.field, warning.code, "Lukasz" in warning.detail) == (
        "params.a", "transliterated", True,
    )  # fmt: skip


def test_where_the_words_are_unicode_values_are_free():
    template = compiled("Привет {{ a }}", {"a": Parameter("string")})
    assert say(template, a="Анна 🎉") == "Привет Анна 🎉"
    assert list(template.odd(template.variants[0], {"a": "Анна"})) == []


# --- languages


@pytest.mark.parametrize(
    ("tag", "language"),
    [
        ("en", ("en", None)),
        ("EN_gb", ("en", "GB")),
        ("es-419", ("es", "419")),
        ("zh-hant-tw", ("zh-Hant", "TW")),
        ("sr-Latn", ("sr-Latn", None)),
    ],
)
def test_a_tag_is_read(tag, language):
    assert languages.parse(tag) == language


@pytest.mark.parametrize("tag", ["", "e", "english", "en-", "en-GB-x", "en-GBR", "日本", "en GB"])
def test_what_is_no_language_is_refused(tag):
    with pytest.raises(ValueError, match="no language"):
        languages.parse(tag)


VARIANTS = ["en", "pt-PT", "pt-BR", "de", "de-AT", "zh", "fr-CA"]


@pytest.mark.parametrize(
    ("asked", "country", "chosen"),
    [
        ("pt-BR", None, "pt-BR"),
        ("de-CH", None, "de"),
        ("de-AT", "DE", "de-AT"),
        ("pt-AO", None, "pt-PT"),
        ("pt", "BR", "pt-BR"),
        ("pt", None, "pt-PT"),
        ("de", "AT", "de"),
        ("zh-Hant-TW", None, "zh"),
        ("ja", "BR", "en"),
        (None, "BR", "pt-BR"),
        (None, "AT", "de-AT"),
        (None, "CA", "fr-CA"),
        (None, "US", "en"),
        (None, None, "en"),
    ],
)
def test_the_variant_that_fits_best(asked, country, chosen):
    variants = [Variant(*languages.parse(tag), "x") for tag in VARIANTS]
    language = None if asked is None else languages.parse(asked)
    place = languages.choose(variants, language, country)
    assert VARIANTS[place] == chosen


def test_a_country_matters_only_where_it_makes_a_difference():
    variants = [Variant(*languages.parse(tag), "x") for tag in VARIANTS]
    assert languages.differ_by_country(variants, None) == {"PT", "BR", "AT", "CA"}
    assert languages.differ_by_country(variants, languages.parse("pt")) == {"BR"}
    assert languages.differ_by_country(variants, languages.parse("de-AT")) == set()
    assert languages.differ_by_country(variants[:1], None) == set()
