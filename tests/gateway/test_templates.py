"""Templates in the gateway: messages made of them, keys for them alone, files, versions."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import Any, cast

import pytest

from modemgw.config import parse
from modemgw.gateway import (
    Conflict,
    Gateway,
    MessageQuery,
    NewKey,
    NotFound,
    Outdated,
    Rejected,
    TemplateExists,
)
from modemgw.gateway.admission.rule import Request
from modemgw.gateway.admission.templates import Templates
from modemgw.store import Parameter, StoreUnavailable, TemplateContent, Variant
from modemgw.store.records import Key, NewMailing, NewMessage

ANNE, BRUNA, CHLOE = "+447700900001", "+5511961234567", "+14165550123"
HELLO = TemplateContent(
    (
        Variant("en", None, "Hello {{ name }}, order {{ order }} is ready"),
        Variant("pt", "BR", "Olá {{ name }}, o pedido {{ order }} chegou"),
        Variant("fr", "CA", "Bonjour {{ name }}, {{ order }} est prêt".replace("ê", "e")),
        Variant("ru", None, "Привет {{ name }}, {{ order }}"),
    ),
    {"name": Parameter("string", max_length=30), "order": Parameter("code")},
)
PARAMS = {"name": "Ann", "order": "A-7"}
ADMIN = Key("boss", frozenset({"admin"}))


@contextlib.asynccontextmanager
async def gateway_on(tmp_path, **more):
    config = parse({"gateway": {"data_dir": str(tmp_path / "data")}, **more})
    async with Gateway.open(config) as gateway:
        yield gateway


def hello(to=ANNE, **more):
    return NewMessage(to=to, template="hello", **{"params": PARAMS, **more})


async def send(gateway, new, key="shop"):
    accepted = await gateway.sending.send(new, key=key)
    return await gateway.messages.get(accepted.message.id)


def problems(refusal):
    return [(problem.field, problem.code) for problem in refusal.problems]


async def refused(gateway, new, key="shop"):
    with pytest.raises(Rejected) as refusal:
        await gateway.sending.send(new, key=key)
    return problems(refusal.value)


# --- messages


async def test_a_message_says_what_its_template_makes_and_keeps_which_made_it(tmp_path):
    async with gateway_on(tmp_path) as gateway:
        await gateway.templates.create("hello", HELLO, key="boss")
        first = await send(gateway, hello())
        assert (first.text, first.encoding) == ("Hello Ann, order A-7 is ready", "gsm7")
        assert (first.template, first.template_version) == ("hello", 1)
        shorter = TemplateContent((Variant("en", None, "{{ order }}!"),), HELLO.parameters)
        await gateway.templates.put("hello", shorter, key="boss")
        second = await send(gateway, hello())
        assert (second.text, second.template_version) == ("A-7!", 2)
        plain = await send(gateway, NewMessage(to=ANNE, text="{{ name }}"))
        assert (plain.text, plain.template, plain.template_version) == ("{{ name }}", None, None)
        page = await gateway.messages.find(MessageQuery())
        assert [m.template_version for m in page.items] == [None, 2, 1]


@pytest.mark.parametrize(
    ("to", "language", "begins"),
    [
        (ANNE, None, "Hello"),
        (BRUNA, None, "Olá"),
        (CHLOE, None, "Bonjour"),
        ("(416) 555-0123", None, "Bonjour"),
        ("+12125550123", None, "Hello"),
        (BRUNA, "en", "Hello"),
        (ANNE, "pt", "Olá"),
        (ANNE, "pt-PT", "Olá"),
        (ANNE, "ru-RU", "Привет"),
        (ANNE, "ja", "Hello"),
    ],
)
async def test_the_language_is_asked_for_or_else_the_number_decides(tmp_path, to, language, begins):
    async with gateway_on(tmp_path) as gateway:
        gateway.sending.follow(parse({"gateway": {"default_region": "US"}})).close()
        await gateway.templates.create("hello", HELLO, key="boss")
        message = await send(gateway, hello(to, language=language))
        assert message.text.startswith(begins)


async def test_in_one_content_for_many_each_gets_the_variant_of_their_country(tmp_path):
    async with gateway_on(tmp_path) as gateway:
        await gateway.templates.create("hello", HELLO, key="boss")
        to = [ANNE, "nobody", BRUNA, "+447700900002", CHLOE, "+1", BRUNA]
        batch = await gateway.sending.send_batch(NewMailing(hello(""), to), key="shop")
        assert (batch.accepted, [index for index, _ in batch.rejected]) == (5, [1, 5])
        page = await gateway.messages.find(MessageQuery())
        said = sorted((message.to, message.text.split()[0]) for message in page.items)
        assert said == [
            (CHLOE, "Bonjour"), (ANNE, "Hello"), ("+447700900002", "Hello"),
            (BRUNA, "Olá"), (BRUNA, "Olá"),
        ]  # fmt: skip
        assert {message.template_version for message in page.items} == {1}
        same = NewMailing(hello("", language="en"), to)
        assert (await gateway.sending.send_batch(same, key="shop")).accepted == 5
        page = await gateway.messages.find(MessageQuery())
        assert {message.text.split()[0] for message in page.items[:5]} == {"Hello"}


async def test_what_is_wrong_is_told_by_field_and_nothing_else_with_it(tmp_path):
    async with gateway_on(tmp_path) as gateway:
        await gateway.templates.create("hello", HELLO, key="boss")
        none = hello()._replace(template="none")
        assert await refused(gateway, none) == [("template", "unknown")]
        assert await refused(gateway, hello(text="x")) == [("template", "contradiction")]
        assert await refused(gateway, hello(data=b"x")) == [("template", "contradiction")]
        assert await refused(gateway, hello(language="klingon")) == [("language", "invalid")]
        assert await refused(gateway, hello(params={"name": "x" * 31, "nme": 1})) == [
            ("params.name", "too-long"),
            ("params.nme", "unknown"),
            ("params.order", "missing"),
        ]
        assert await refused(gateway, hello("nobody", params=None)) == [
            ("to", "invalid-number"),
            ("params.name", "missing"),
            ("params.order", "missing"),
        ]
        assert await refused(gateway, NewMessage(ANNE, text="x", params={})) == [
            ("params", "contradiction")
        ]
        assert await refused(gateway, NewMessage(ANNE, text="x", language="en")) == [
            ("language", "contradiction")
        ]
        assert await refused(gateway, hello(encoding="binary")) == [("encoding", "not-encodable")]
        assert await refused(gateway, hello(max_parts=0)) == [("text", "too-many-parts")]
        empty = TemplateContent(
            (Variant("en", None, "{% if a %}{{ a }}{% endif %}"),),
            {"a": Parameter("string", default="")},
        )
        await gateway.templates.create("empty", empty, key="boss")
        nothing = NewMessage(ANNE, template="empty")
        assert await refused(gateway, nothing) == [("params", "empty")]


async def test_a_batch_with_rows_of_its_own_takes_what_is_right(tmp_path):
    async with gateway_on(tmp_path) as gateway:
        await gateway.templates.create("hello", HELLO, key="boss")
        rows = [hello(params={"name": f"N{i}", "order": str(i)}) for i in range(20)]
        rows[3] = hello(params={"name": "🎉", "order": "1"})
        rows[7] = hello("nobody")
        rows[11] = hello(params={"order": "1"})
        batch = await gateway.sending.send_batch(rows, key="shop")
        assert batch.accepted == 17
        assert [(index, problems(why)) for index, why in batch.rejected] == [
            (3, [("params.name", "not-encodable")]),
            (7, [("to", "invalid-number")]),
            (11, [("params.name", "missing")]),
        ]
        texts = {m.text for m in (await gateway.messages.find(MessageQuery())).items}
        assert "Hello N19, order 19 is ready" in texts


async def test_the_callers_own_encoding_and_transliteration_go_for_values_too(tmp_path):
    async with gateway_on(tmp_path) as gateway:
        await gateway.templates.create("hello", HELLO, key="boss")
        emoji = {"name": "Ann 🎉", "order": "1"}
        assert await refused(gateway, hello(params=emoji)) == [("params.name", "not-encodable")]
        ucs2 = await send(gateway, hello(params=emoji, encoding="ucs2"))
        assert (ucs2.text[:12], ucs2.encoding) == ("Hello Ann 🎉,", "ucs2")
        lukasz = {"name": "Łukasz", "order": "1"}
        plain = await send(gateway, hello(params=lukasz, transliterate=True))
        assert (plain.text[:12], plain.encoding) == ("Hello Lukasz", "gsm7")


async def test_a_preview_shows_the_text_what_made_it_and_what_costs_more(tmp_path):
    async with gateway_on(tmp_path) as gateway:
        seen = gateway.sending.preview
        may = TemplateContent(HELLO.variants, HELLO.parameters, allow_unicode=True)
        await gateway.templates.create("hello", may, key="boss")
        plain = seen(hello(), key="shop")
        assert plain.template is not None
        assert (plain.text, plain.template.name, plain.template.version, plain.language) == (
            "Hello Ann, order A-7 is ready", "hello", 1, "en",
        )  # fmt: skip
        assert plain.warnings == ()
        emoji = seen(hello(params={"name": "Ann 🎉", "order": "1"}), key="shop")
        assert emoji.encoding == "ucs2"
        assert [(w.field, w.code) for w in emoji.warnings] == [("params.name", "ucs2")]
        assert seen(hello(BRUNA), key="shop").language == "pt-BR"
        free = seen(NewMessage(ANNE, text="It’s ready"), key="shop")
        assert [(w.field, w.code) for w in free.warnings] == [("text", "ucs2")]
        assert "’" in free.warnings[0].detail
        assert seen(NewMessage(ANNE, text="It's ready"), key="shop").warnings == ()


async def test_no_text_takes_more_parts_than_its_template_says(tmp_path):
    """Nobody can tell how long what a reader sees as one character may become: of 35 units each,
    one fits a part and two do not.
    """
    async with gateway_on(tmp_path) as gateway:
        content = TemplateContent(
            (Variant("ru", None, "я{{ a }}{{ b }}{{ c }}{{ d }}{{ e }}"),),
            {name: Parameter("string", max_length=35) for name in "abcde"},
        )
        made = await gateway.templates.create("stacks", content, key="boss")
        assert [bound.parts for bound in made.variants[0].bounds] == [4]
        stack = "e" + "\u0301" * 34
        new = NewMessage(ANNE, template="stacks", params=dict.fromkeys("abcde", stack))
        assert await refused(gateway, new) == [("text", "too-many-parts")]
        new = new._replace(params=dict.fromkeys("abcde", "éñ" * 17))
        assert gateway.sending.preview(new, key="shop").parts <= 4


# --- keys


async def test_a_key_for_templates_alone_sends_nothing_else(tmp_path):
    async with gateway_on(tmp_path) as gateway:
        await gateway.templates.create("hello", HELLO, key="boss")
        await gateway.templates.create("bye", HELLO, key="boss")
        issued = await gateway.keys.create(NewKey("app", ("send",), templates_only=True), by=ADMIN)
        some = await gateway.keys.create(NewKey("some", ("send",), templates=("bye",)), by=ADMIN)
        assert (some.row.templates_only, some.row.templates) == (True, ("bye",))
        for token in (issued.token, some.token):
            assert await gateway.access.authenticate(token) is not None
        text, octets = NewMessage(ANNE, text="free"), NewMessage(ANNE, data=b"\1")
        assert await refused(gateway, text, "app") == [("template", "templates-only")]
        assert await refused(gateway, octets, "app") == [("template", "templates-only")]
        assert (await send(gateway, hello(), "app")).template == "hello"
        assert await refused(gateway, hello(), "some") == [("template", "template-not-allowed")]
        assert (await send(gateway, hello()._replace(template="bye"), "some")).template == "bye"
        assert (await send(gateway, text, "shop")).text == "free"
        batch = await gateway.sending.send_batch([hello(), text], key="app")
        assert [(index, problems(why)) for index, why in batch.rejected] == [
            (1, [("template", "templates-only")])
        ]
        with pytest.raises(Rejected):
            gateway.sending.preview(text, key="app")


async def test_a_key_that_is_another_one_by_now_is_seen_as_such(tmp_path):
    async with gateway_on(tmp_path) as gateway:
        rule = gateway.sending._rules
        await rule.key_seen(Key("app", frozenset(), templates_only=True))
        assert rule.draft(Request("app", 0.0), NewMessage(ANNE, text="x")).problems
        assert not rule.draft(
            Request("app", 0.0, automatic=True), NewMessage(ANNE, text="x")
        ).problems, "what the gateway says itself is no free text of the key"
        await rule.key_seen(Key("app", frozenset()))
        assert not rule.draft(Request("app", 0.0), NewMessage(ANNE, text="x")).problems


# --- what may be done with templates


async def test_templates_are_made_changed_and_deleted_by_version(tmp_path):
    async with gateway_on(tmp_path) as gateway:
        templates = gateway.templates
        made = await templates.create("hello", HELLO, key="boss")
        assert (made.template.version, made.template.key, made.template.source) == (
            1,
            "boss",
            "api",
        )
        with pytest.raises(TemplateExists, match="hello"):
            await templates.create("hello", HELLO, key="boss")
        same = await templates.put("hello", HELLO, key="other")
        assert same.template.version == 1, "what says the same is no version of its own"
        other = TemplateContent((Variant("en", None, "Bye"),))
        with pytest.raises(Outdated, match="version 1 now"):
            await templates.put("hello", other, key="other", expected=7)
        with pytest.raises(NotFound):
            await templates.put("new", other, key="other")
        assert (await templates.put("hello", other, key="o", expected=1)).template.version == 2
        assert (await templates.create("new", other, key="o")).template.version == 1
        assert [t.version for t in await templates.versions("hello")] == [2, 1]
        assert (await templates.version("hello", 1)).content == HELLO
        assert [t.template.name for t in templates.all()] == ["hello", "new"]
        with pytest.raises(Outdated):
            await templates.delete("hello", key="o", expected=1)
        await templates.delete("hello", key="o", expected=2)
        for missing in ("hello", "none"):
            with pytest.raises(NotFound):
                templates.one(missing)
            with pytest.raises(NotFound):
                await templates.delete(missing, key="o")
        with pytest.raises(NotFound):
            await templates.versions("none")
        with pytest.raises(NotFound):
            await templates.version("hello", 3)
        assert await refused(gateway, hello()) == [("template", "unknown")]
        again = await templates.create("hello", HELLO, key="boss")
        assert again.template.version == 4
        with pytest.raises(Rejected) as refusal:
            await templates.put("new", TemplateContent((Variant("en", None, "{{ a }}"),)), key="o")
        assert problems(refusal.value) == [("variants[0].text", "undeclared")]
    async with gateway_on(tmp_path) as gateway:
        assert gateway.templates.one("hello").template.version == 4
        assert (await send(gateway, hello())).template_version == 4


async def test_a_preview_of_a_template_is_for_nobody(tmp_path):
    async with gateway_on(tmp_path) as gateway:
        await gateway.templates.create("hello", HELLO, key="boss")
        seen = gateway.templates.preview("hello", PARAMS, language="pt")
        assert (seen.version, seen.language, seen.text) == (
            1, "pt-BR", "Olá Ann, o pedido A-7 chegou",
        )  # fmt: skip
        assert gateway.templates.preview("hello", PARAMS, to=CHLOE).language == "fr-CA"
        with pytest.raises(Rejected) as refusal:
            gateway.templates.preview("hello", {"name": "x"}, language="?")
        assert problems(refusal.value) == [("language", "invalid")]
        with pytest.raises(Rejected) as refusal:
            gateway.templates.preview("hello", {"name": "x"})
        assert problems(refusal.value) == [("params.order", "missing")]
        with pytest.raises(NotFound):
            gateway.templates.preview("none", {})


# --- files

TOML = """
description = "when it is ready"
[[variants]]
language = "en"
text = "Ready: {{ order }}"
[parameters.order]
type = "code"
"""


async def test_files_are_templates_that_the_api_cannot_change(tmp_path):
    place = tmp_path / "templates"
    place.mkdir()
    (place / "ready.toml").write_text(TOML)
    (place / "bye.json").write_text(
        json.dumps({"name": "good-bye", "variants": [{"language": "en", "text": "Bye"}]})
    )
    (place / "README.md").write_text("not a template")
    section = {"directory": str(place)}
    async with gateway_on(tmp_path, templates=section) as gateway:
        templates = gateway.templates
        assert [t.template.name for t in templates.all()] == ["good-bye", "ready"]
        assert templates.one("ready").template.source == "file"
        new = NewMessage(ANNE, template="ready", params={"order": "7"})
        assert (await send(gateway, new)).text == "Ready: 7"
        for change in (
            templates.put("ready", HELLO, key="boss"),
            templates.delete("ready", key="boss"),
        ):
            with pytest.raises(Conflict, match="file"):
                await change
        with pytest.raises(TemplateExists):
            await templates.create("ready", HELLO, key="boss")
    async with gateway_on(tmp_path, templates=section) as gateway:
        assert gateway.templates.one("ready").template.version == 1, "nothing has changed"
        (place / "ready.toml").write_text(TOML.replace("Ready", "It is ready"))
        (place / "bye.json").unlink()
        lines = await gateway.reconfigure(gateway.config)
        assert lines[:2] == ["template ready: version 2", "template good-bye: version 2, deleted"]
        assert (await send(gateway, new)).text == "It is ready: 7"
        (place / "ready.toml").write_text(TOML.replace("order }}", "oder }}"))
        lines = await gateway.reconfigure(gateway.config)
        assert len(lines) == 1
        assert f"{place}/ready.toml: variants[0].text: uses oder" in lines[0]
        assert (await send(gateway, new)).text == "It is ready: 7", "what is wrong changes nothing"
    async with gateway_on(tmp_path) as gateway:  # without the directory
        assert gateway.templates.all() == []
        made = await gateway.templates.create("ready", HELLO, key="boss")
        assert made.template.version == 4


async def test_files_are_taken_once_the_store_can_be_written(tmp_path):
    place = tmp_path / "templates"
    place.mkdir()
    (place / "ready.toml").write_text(TOML)

    class Disk:
        """A store that is full until somebody has waited."""

        def __init__(self, store):
            self.store, self.waited = store, 0

        def write(self, work, *, then):
            if self.waited:
                return self.store.write(work, then=then)
            full = asyncio.get_running_loop().create_future()
            full.set_exception(StoreUnavailable("the disk is full"))
            return full

        def time(self):
            return 0.0

        async def sleep(self, seconds):
            self.waited += 1

    async with gateway_on(tmp_path) as gateway:
        disk = Disk(gateway._store)
        config = parse({"templates": {"directory": str(place)}})
        templates = Templates(config, store=cast(Any, disk), clock=cast(Any, disk))
        (line,) = await templates.follow(config)
        assert "not taken as yet: the disk is full" in line
        assert templates.all() == []
        await templates.run()
        assert [t.template.name for t in templates.all()] == ["ready"]
        await templates.run()
        assert disk.waited == 1
