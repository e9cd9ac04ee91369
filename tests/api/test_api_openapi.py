"""The OpenAPI document, as other people's readers see it, and its examples."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from typing import Any

import pytest
from openapi_pydantic import OpenAPI
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from pydantic import TypeAdapter

from modemgw.api.app import ENDPOINTS
from modemgw.api.docs import endpoints
from modemgw.api.openapi import document
from modemgw.api.openapi.examples import EXAMPLES
from modemgw.api.openapi.failures import problems_of
from modemgw.api.openapi.sample import PLACEHOLDER, sample
from modemgw.api.problem_types import PROBLEM_TYPES
from modemgw.gateway.event_types import EVENT_TYPES

ALL = [e for e in (*ENDPOINTS, *endpoints(ENDPOINTS)) if e.documented]
DOCUMENT = document(ALL)
OPERATIONS = {
    f"{method.upper()} {path}": operation
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
}
EVENTS = {name: methods["post"] for name, methods in DOCUMENT["webhooks"].items()}
BY_NAME = {f"{endpoint.method} {endpoint.path}": endpoint for endpoint in ALL}


def check(schema: Any, value: Any) -> None:
    whole = {**schema, "components": {"schemas": DOCUMENT["components"]["schemas"]}}
    errors = list(OAS31Validator(whole).iter_errors(value))
    assert errors == [], errors[0].message


def resolved(response: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in response:
        return response
    found: dict[str, Any] = DOCUMENT["components"]["responses"][response["$ref"].split("/")[-1]]
    return found


def examples_of(content: dict[str, Any]) -> list[Any]:
    named = [example["value"] for example in content.get("examples", {}).values()]
    return [content["example"], *named] if "example" in content else named


def leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield name
            yield from leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner)
    else:
        yield value


def test_a_validator_of_the_specification_finds_nothing() -> None:
    assert list(OpenAPIV31SpecValidator(DOCUMENT).iter_errors()) == []


def test_the_validator_is_awake() -> None:
    broken = copy.deepcopy(DOCUMENT)
    del broken["paths"]["/v1/messages"]["post"]["responses"]["202"]["description"]
    assert list(OpenAPIV31SpecValidator(broken).iter_errors()) != []


def test_another_reader_loads_it() -> None:
    read = OpenAPI.model_validate(DOCUMENT)
    assert read.paths is not None
    assert read.webhooks is not None
    assert set(read.paths) == set(DOCUMENT["paths"])
    assert set(read.webhooks) == set(EVENTS)


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_body_has_an_example_that_is_allowed(name: str) -> None:
    body = OPERATIONS[name].get("requestBody")
    if body is None:
        pytest.skip("takes no body")
    (content,) = body["content"].values()
    assert examples_of(content) != []
    for example in examples_of(content):
        check(content["schema"], example)
        TypeAdapter(BY_NAME[name].body).validate_json(TypeAdapter(Any).dump_json(example))
        assert PLACEHOLDER not in leaves(example), "give the endpoint an example"


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_answer_has_an_example_that_is_allowed(name: str) -> None:
    for status, response in OPERATIONS[name]["responses"].items():
        for media, content in resolved(response).get("content", {}).items():
            if "json" in media:
                assert examples_of(content) != [], status
            for example in examples_of(content):
                check(content["schema"], example)
                assert PLACEHOLDER not in leaves(example), (
                    f"{status} tells too little: give the endpoint an answer_example, "
                    "or its type a place in modemgw.api.openapi.examples"
                )


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_answer_that_is_no_success_is_a_problem_with_its_page(name: str) -> None:
    wanted = {str(PROBLEM_TYPES[problem].status) for problem in problems_of(BY_NAME[name])}
    responses = OPERATIONS[name]["responses"]
    assert wanted == {status for status in responses if status[0] in "45"}
    for status in wanted:
        assert "Link" in resolved(responses[status])["headers"]


@pytest.mark.parametrize("name", EVENTS)
def test_every_event_has_an_example_that_is_allowed(name: str) -> None:
    (content,) = EVENTS[name]["requestBody"]["content"].values()
    check(content["schema"], content["example"])
    assert content["example"]["type"] == name
    names = {parameter["name"] for parameter in EVENTS[name]["parameters"]}
    assert names == {"webhook-id", "webhook-timestamp", "webhook-signature"}


def test_every_parameter_of_a_path_shows_what_stands_there() -> None:
    lacking = [
        name
        for name, operation in OPERATIONS.items()
        for parameter in operation.get("parameters", ())
        if parameter["in"] == "path" and "example" not in parameter
    ]
    assert lacking == []


def test_what_was_made_or_listed_leads_on() -> None:
    made = OPERATIONS["POST /v1/messages"]["responses"]["202"]["links"]
    assert made["get_messages_id"]["parameters"] == {"id": "$response.body#/id"}
    assert "delete_messages_id" in made
    listed = OPERATIONS["GET /v1/messages"]["responses"]["200"]["links"]
    assert listed["get_messages_id"]["parameters"] == {"id": "$response.body#/items/0/id"}


def test_every_reference_and_tag_is_there() -> None:
    def references(value: Any) -> Iterator[str]:
        if isinstance(value, dict):
            if isinstance(value.get("$ref"), str):
                yield value["$ref"]
            for inner in value.values():
                yield from references(inner)
        elif isinstance(value, list):
            for inner in value:
                yield from references(inner)

    for reference in set(references(DOCUMENT)):
        _, _, kind, name = reference.split("/")
        assert name in DOCUMENT["components"][kind], reference
    tags = {tag["name"] for tag in DOCUMENT["tags"]}
    assert {tag for operation in OPERATIONS.values() for tag in operation["tags"]} <= tags
    for tag in DOCUMENT["tags"]:
        assert tag.get("description"), f"say in openapi/document.py what {tag['name']} is"


def test_every_example_of_a_type_is_of_a_type_that_there_is() -> None:
    assert set(EXAMPLES) <= set(DOCUMENT["components"]["schemas"])
    for name, example in EXAMPLES.items():
        check({"$ref": f"#/components/schemas/{name}"}, example)


def test_names_of_operations_are_words() -> None:
    for operation in [*OPERATIONS.values(), *EVENTS.values()]:
        assert re.fullmatch(r"[a-z][a-z0-9_]*", operation["operationId"])


@pytest.mark.parametrize(
    ("schema", "example"),
    [
        ({"type": "string", "format": "date-time"}, "2026-11-22T10:00:00.123Z"),
        ({"type": "string"}, PLACEHOLDER),
        ({"type": "integer", "minimum": 3}, 3),
        ({"enum": ["a", "b"]}, "a"),
        ({"const": "x", "type": "string"}, "x"),
        ({"anyOf": [{"type": "null"}, {"type": "boolean"}]}, True),
        ({"type": "null"}, None),
        ({"type": "array", "items": {"$ref": "#/a/Known"}}, ["known"]),
        ({"$ref": "#/a/Other"}, {"n": 1, "s": "shown"}),
        ({"type": "object", "additionalProperties": {"type": "integer"}}, {PLACEHOLDER: 1}),
    ],
)
def test_a_sample_is_the_first_thing_that_a_schema_allows(schema: Any, example: Any) -> None:
    definitions = {
        "Other": {
            "type": "object",
            "properties": {"n": {"type": "integer"}, "s": {"examples": ["shown"]}},
        }
    }
    assert sample(schema, definitions, {"Known": "known"}) == example


def test_every_type_of_event_is_told_and_no_other() -> None:
    assert set(EVENTS) == set(EVENT_TYPES)
