"""`modemgw templates`"""

from __future__ import annotations

import json
import sys
import time
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, cast

import click
from pydantic import ValidationError

from modemgw.api.templates import shown
from modemgw.cli.options import Daemon, daemon_options, json_option
from modemgw.cli.output import clip, local_time, print_fields, print_json, print_table
from modemgw.cli.say import say
from modemgw.cli.template_options import language_option, params_option
from modemgw.client import Client, NotFound, TemplateOptions, answers
from modemgw.config import TemplateDocument
from modemgw.config.errors import problems_of
from modemgw.gateway.templates.checking import check as wrong_with
from modemgw.gateway.templates.compiled import CompiledTemplate
from modemgw.gateway.templates.documents import content_of
from modemgw.store import Template

name_argument = click.argument("name", metavar="TEMPLATE")
FIELDS = ("variants", "parameters", "allow_unicode", "transliterate", "description")
"""Of what `show --json` prints, what makes a template."""


@click.group()
def templates() -> None:
    """Keep texts by name, and see how many SMS they can become.

    Changing them wants a key with the scope admin.
    """


@templates.command("list")
@json_option
@daemon_options
def list_(as_json: bool, daemon: Daemon) -> None:
    """List the templates and how many SMS each can become."""
    items = daemon.call(lambda client: client.templates())
    if as_json:
        print_json(items)
        return
    print_table(
        ("name", "version", "languages", "parameters", "parts", "source", "text"),
        [
            (
                t.name,
                t.version,
                " ".join(map(_language, t.variants)),
                " ".join(t.parameters),
                max(worst.parts for variant in t.variants for worst in variant.worst_case),
                t.source,
                clip(t.variants[0].text),
            )
            for t in items
        ],
        "There are no templates. `modemgw templates save NAME FILE` makes one.",
    )


@templates.command()
@name_argument
@click.option("--version", type=click.IntRange(1), help="Not the newest one, but this.")
@click.option("--versions", is_flag=True, help="List its versions instead.")
@json_option
@daemon_options
def show(name: str, version: int | None, versions: bool, as_json: bool, daemon: Daemon) -> None:
    """Show a template: its texts, its parameters, and how many SMS it can become."""
    if versions:
        _show_versions(daemon.call(lambda client: client.template_versions(name)), as_json)
    else:
        _show(daemon.call(lambda client: client.template(name, version)), as_json)


@templates.command()
@name_argument
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True, path_type=Path))
@click.option("--if-version", type=click.IntRange(1), help="Only if this version is the newest.")
@json_option
@daemon_options
def save(name: str, file: Path, if_version: int | None, as_json: bool, daemon: Daemon) -> None:
    """Keep what FILE says as the next version of a template; - is JSON on standard input.

    FILE is TOML or JSON, as what `show --json` prints. What says the same as the newest version
    makes none.
    """
    options = _read(file)

    async def work(client: Client) -> answers.Template:
        try:
            return await client.put_template(name, if_version=if_version, **options)
        except NotFound:
            if if_version is not None:
                raise
            return await client.create_template(name, **options)

    _show(daemon.call(work), as_json)


@templates.command()
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True, path_type=Path))
@json_option
def check(file: Path, as_json: bool) -> None:
    """Say of FILE what `save` would; needs no daemon. Exit code 1 with all that is wrong."""
    try:
        content = content_of(TemplateDocument.model_validate_json(json.dumps(_read(file))))
    except ValidationError as error:
        raise _wrong(file, problems_of(error, TemplateDocument)) from error
    if problems := wrong_with(content):
        raise _wrong(file, (f"{problem.field}: {problem.detail}" for problem in problems))
    made = CompiledTemplate(Template(file.stem, 1, content, "file", time.time(), None))
    _show(answers.Template(cast(dict[str, Any], shown(made))), as_json)


def _wrong(file: Path, problems: Iterable[str]) -> click.ClickException:
    return click.ClickException("\n".join(f"{file}: {problem}" for problem in problems))


@templates.command()
@name_argument
@click.option("--if-version", type=click.IntRange(1), help="Only if this version is the newest.")
@click.confirmation_option(prompt="No message can name it any more. Delete it?")
@daemon_options
def delete(name: str, if_version: int | None, daemon: Daemon) -> None:
    """Delete a template; its versions are kept, as messages name them."""
    daemon.call(lambda client: client.delete_template(name, if_version=if_version))
    say(f"{name} is deleted.")


@templates.command()
@name_argument
@params_option
@language_option
@click.option("--to", metavar="NUMBER", help="A number whose country may choose the variant.")
@json_option
@daemon_options
def preview(
    name: str,
    params: dict[str, str],
    language: str | None,
    to: str | None,
    as_json: bool,
    daemon: Daemon,
) -> None:
    """Show what a template makes of some values; sends nothing."""
    seen = daemon.call(
        lambda client: client.preview_template(name, params, language=language, to=to)
    )
    if as_json:
        print_json(seen)
        return
    print_fields(
        [
            ("text", seen.text),
            ("language", seen.language),
            ("version", seen.version),
            ("encoding", seen.encoding),
            ("parts", f"{seen.parts}, with {seen.characters_left} characters left"),
        ]
    )
    _say_warnings(seen.warnings)


def _read(file: Path) -> TemplateOptions:
    try:
        if str(file) == "-":
            document = json.loads(sys.stdin.buffer.read())
        elif file.suffix == ".json":
            document = json.loads(file.read_text(encoding="utf-8"))
        else:
            document = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise click.ClickException(f"{file}: {error}") from error
    if not isinstance(document, dict):
        raise click.ClickException(f"{file}: it is no template, but {type(document).__name__}")
    if "version" in document:  # what `show --json` has printed
        document = {name: document[name] for name in FIELDS if name in document}
        for variant in document.get("variants", ()):
            for extra in ("placeholders", "encoding", "worst_case"):
                variant.pop(extra, None)
        for parameter in document.get("parameters", {}).values():
            if parameter.get("type") in ("date", "time", "datetime", "boolean"):
                parameter.pop("max_length", None)
    document.pop("name", None)
    return cast(TemplateOptions, _plain(document))


def _plain(value: Any) -> Any:
    """What TOML has beyond JSON, dates and times, as text."""
    match value:
        case dict():
            return {name: _plain(inner) for name, inner in value.items()}
        case list():
            return [_plain(inner) for inner in value]
        case str() | int() | float() | None:
            return value
    return value.isoformat()


def _language(variant: answers.TemplateVariant) -> str:
    return f"{variant.language}-{variant.region}" if variant.region else variant.language


def _show(template: answers.Template, as_json: bool) -> None:
    if as_json:
        print_json(template)
        return
    print_fields(
        [
            ("name", template.name),
            ("version", template.version),
            ("description", template.description),
            ("source", template.source),
            ("created", f"{local_time(template.created_at)} by {template.key or '-'}"),
            ("values", _values(template)),
        ]
    )
    print_table(
        ("language", "sent as", "parts at most", "text"),
        [(_language(v), v.encoding, _worst(v), v.text) for v in template.variants],
        "",
    )
    print_table(
        ("parameter", "type", "at most", "default"),
        [
            (name, about["type"], about["max_length"], _default(about["default"]))
            for name, about in template.parameters.items()
        ],
        "It has no parameters.",
    )
    _say_warnings(template.warnings)


def _worst(variant: answers.TemplateVariant) -> str:
    return ", ".join(f"{worst.parts} ({worst.encoding})" for worst in variant.worst_case)


def _values(template: answers.Template) -> str:
    if template.allow_unicode:
        return "may have any character"
    return "are transliterated to GSM 7-bit" if template.transliterate else "keep to GSM 7-bit"


def _default(value: object) -> str:
    return "needed" if value is None else json.dumps(value, ensure_ascii=False)


def _show_versions(found: list[answers.TemplateVersion], as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    print_table(
        ("version", "made", "by", "source", ""),
        [
            (
                one.version,
                local_time(one.created_at),
                one.key or "-",
                one.source,
                "deleted" if one.deleted else "",
            )
            for one in found
        ],
        "",
    )


def _say_warnings(warnings: tuple[answers.FieldError, ...]) -> None:
    for warning in warnings:
        say(f"{warning.field}: {warning.detail}", err=True)
