"""/v1/templates: texts by name, their versions, and how many SMS they can become."""

from __future__ import annotations

from aiohttp import web
from pydantic_core import to_json

from modemgw.api import answers, render
from modemgw.api.audit import tell_record
from modemgw.api.endpoint import (
    Endpoint,
    json_response,
    key_of,
    parse_body,
    raw_json_response,
    read_json,
)
from modemgw.api.etags import check_match, tag_of
from modemgw.api.idempotency import REPLAYED, idempotency_of
from modemgw.api.moments import render_moment
from modemgw.api.openapi.examples import TEMPLATE
from modemgw.api.parts import TEMPLATES
from modemgw.api.problems import Problem
from modemgw.api.requests import TemplateBody, TemplatePreviewBody
from modemgw.config import TemplateDocument
from modemgw.gateway import NotFound, TemplateExists
from modemgw.gateway.templates.compiled import CompiledTemplate, CompiledVariant
from modemgw.gateway.templates.documents import content_of
from modemgw.gateway.templates.parameters import longest
from modemgw.store import Template


def _variant(one: CompiledVariant) -> answers.TemplateVariant:
    return {
        "language": one.variant.language,
        "region": one.variant.region,
        "text": one.variant.text,
        "placeholders": one.names,
        "encoding": one.bounds[0].alphabet,
        "worst_case": [
            {"encoding": bound.alphabet, "parts": bound.parts, "units": bound.units}
            for bound in one.bounds
        ],
    }


def shown(one: CompiledTemplate) -> answers.Template:
    """A template as it is answered."""
    content, template = one.content, one.template
    return {
        "name": template.name,
        "version": template.version,
        "description": content.description,
        "variants": [_variant(variant) for variant in one.variants],
        "parameters": {
            name: {
                "type": parameter.type,
                "max_length": longest(parameter),
                "default": parameter.default,
                "allow_unicode": parameter.allow_unicode,
            }
            for name, parameter in content.parameters.items()
        },
        "allow_unicode": content.allow_unicode,
        "transliterate": content.transliterate,
        "source": template.source,
        "key": template.key,
        "created_at": render_moment(template.created_at),
        "warnings": [render.field_problem(warning) for warning in one.warnings],
    }


def _version(template: Template) -> answers.TemplateVersion:
    return {
        "name": template.name,
        "version": template.version,
        "deleted": template.content is None,
        "source": template.source,
        "key": template.key,
        "created_at": render_moment(template.created_at),
    }


def _body(one: CompiledTemplate) -> bytes:
    return to_json(shown(one))


async def listing(request: web.Request) -> web.Response:
    document: answers.Templates = {
        "items": [shown(one) for one in request.app[TEMPLATES].all()],
        "next_cursor": None,
    }
    return json_response(document)


async def create(request: web.Request) -> web.Response:
    raw = await read_json(request)
    body = parse_body(TemplateBody, raw)
    tell_record(request, target=body.name)
    try:
        made = await request.app[TEMPLATES].create(
            body.name,
            content_of(body),
            key=key_of(request).name,
            idempotency=idempotency_of(request, raw, _body),
        )
    except TemplateExists as error:
        raise Problem("name-in-use", str(error)) from error
    if isinstance(made, bytes):
        return raw_json_response(made, 201, REPLAYED)
    return raw_json_response(_body(made), 201, {"Location": f"/v1/templates/{body.name}"})


async def show(request: web.Request) -> web.Response:
    return json_response(shown(request.app[TEMPLATES].one(request.match_info["name"])))


async def put(request: web.Request) -> web.Response:
    body = parse_body(TemplateDocument, await read_json(request))
    name = request.match_info["name"]
    made = await request.app[TEMPLATES].put(
        name, content_of(body), key=key_of(request).name, expected=_expected(request, name)
    )
    tell_record(request, detail=f"version {made.template.version}")
    answer = _body(made)
    return raw_json_response(answer, headers={"ETag": f'"{tag_of(answer)}"'})


async def delete(request: web.Request) -> web.Response:
    name = request.match_info["name"]
    await request.app[TEMPLATES].delete(
        name, key=key_of(request).name, expected=_expected(request, name)
    )
    return web.Response(status=204)


def _expected(request: web.Request, name: str) -> int | None:
    """The version that `If-Match` names; None without one. Raises Problem for another one."""
    if "If-Match" not in request.headers:
        return None
    one = request.app[TEMPLATES].one(name)
    check_match(request, tag_of(_body(one)), f"the template {name!r}")
    return one.template.version


async def versions(request: web.Request) -> web.Response:
    found = await request.app[TEMPLATES].versions(request.match_info["name"])
    document: answers.TemplateVersions = {
        "items": [_version(one) for one in found],
        "next_cursor": None,
    }
    return json_response(document)


async def version(request: web.Request) -> web.Response:
    name, number = request.match_info["name"], request.match_info["version"]
    if not (number.isascii() and number.isdecimal() and len(number) < 10):
        raise NotFound(f"there is no version {number!r}: they are numbers from 1")
    return json_response(shown(await request.app[TEMPLATES].version(name, int(number))))


async def preview(request: web.Request) -> web.Response:
    body = parse_body(TemplatePreviewBody, await read_json(request))
    name = request.match_info["name"]
    seen = request.app[TEMPLATES].preview(name, body.params, language=body.language, to=body.to)
    document: answers.TemplatePreview = {
        "name": name,
        "version": seen.version,
        "language": seen.language,
        "text": seen.text,
        "encoding": seen.parts.alphabet.value,
        "parts": len(seen.parts.parts),
        "characters_left": seen.parts.units_left,
        "units": list(seen.parts.units),
        "warnings": [render.field_problem(warning) for warning in seen.warnings],
    }
    return json_response(document)


_DOCUMENT = {
    "variants": [
        {
            "language": "en",
            "text": "Hello {{ name }}, your order {{ order }} is on its way."
            "{% if day %} It arrives on {{ day | format('%d/%m') }}.{% endif %}",
        },
        {
            "language": "pt",
            "region": "BR",
            "text": "Olá {{ name }}, o seu pedido {{ order }} está a caminho.",
        },
    ],
    "parameters": {
        "name": {"type": "string", "max_length": 30},
        "order": {"type": "code", "max_length": 10},
        "day": {"type": "date", "default": ""},
    },
    "transliterate": True,
}

ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/v1/templates",
        handler=listing,
        summary="List the templates, and how many SMS each can become",
        tag="templates",
        scopes=("send", "read"),
        answer=answers.Templates,
    ),
    Endpoint(
        method="POST",
        path="/v1/templates",
        handler=create,
        summary="Make a template; the answer says how many SMS it can become",
        tag="templates",
        scopes=("admin",),
        body=TemplateBody,
        answer=answers.Template,
        status=201,
        idempotent=True,
        problems=("name-in-use",),
        example={"name": "order-shipped", **_DOCUMENT},
        answer_example=TEMPLATE,
    ),
    Endpoint(
        method="GET",
        path="/v1/templates/{name}",
        handler=show,
        summary="See a template, and how many SMS it can become",
        tag="templates",
        scopes=("send", "read"),
        answer=answers.Template,
        problems=("not-found",),
    ),
    Endpoint(
        method="PUT",
        path="/v1/templates/{name}",
        handler=put,
        summary="Make another version of a template; what says the same is none",
        tag="templates",
        scopes=("admin",),
        body=TemplateDocument,
        answer=answers.Template,
        conditional=True,
        headers=("ETag",),
        problems=("not-found", "conflict"),
        description="Messages that were accepted stay as they are. One that comes from a file is "
        "changed there.",
        example=_DOCUMENT,
    ),
    Endpoint(
        method="DELETE",
        path="/v1/templates/{name}",
        handler=delete,
        summary="Delete a template; its versions are kept, as messages name them",
        tag="templates",
        scopes=("admin",),
        status=204,
        conditional=True,
        problems=("not-found", "conflict"),
    ),
    Endpoint(
        method="GET",
        path="/v1/templates/{name}/versions",
        handler=versions,
        summary="List the versions of a template, the newest first; also of one that was deleted",
        tag="templates",
        scopes=("send", "read"),
        answer=answers.TemplateVersions,
        problems=("not-found",),
    ),
    Endpoint(
        method="GET",
        path="/v1/templates/{name}/versions/{version}",
        handler=version,
        summary="See a version of a template",
        tag="templates",
        scopes=("send", "read"),
        answer=answers.Template,
        problems=("not-found",),
    ),
    Endpoint(
        method="POST",
        path="/v1/templates/{name}/preview",
        handler=preview,
        summary="See what a template makes of some values; sends nothing",
        tag="templates",
        scopes=("send", "read"),
        body=TemplatePreviewBody,
        answer=answers.TemplatePreview,
        problems=("not-found",),
        example={"params": {"name": "Ann", "order": "A-7"}, "language": "en"},
    ),
)
