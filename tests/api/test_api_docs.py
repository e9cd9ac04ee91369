"""docs/http-api.md tells what is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import modemgw
from modemgw.api.app import ENDPOINTS
from modemgw.api.auth import SCOPES
from modemgw.api.docs import endpoints
from modemgw.api.problem_types import PROBLEM_TYPES
from modemgw.api.requests import MessageBody
from modemgw.modem import ModemState
from modemgw.store.records import AttemptState, MessageStatus

TEXT = (Path(modemgw.__file__).parent.parent / "docs" / "http-api.md").read_text()
ALL = (*ENDPOINTS, *endpoints(ENDPOINTS))
CURLS = re.findall(r"^curl .*?[^\\]$", TEXT, re.MULTILINE | re.DOTALL)


def test_every_curl_line_is_an_endpoint():
    assert len(CURLS) > 15
    for line in CURLS:
        path = re.findall(r'(?:"\$MODEMGW_URL|http://modemgw)(/[^"?\s]*)', line)[0]
        said = re.search(r"-X (\w+)", line)
        method = said[1] if said else "POST" if " -d " in line else "GET"
        pattern = [re.sub(r"{\w+}", "[^/]+", e.path) for e in ALL if e.method == method]
        assert any(re.fullmatch(p, path) for p in pattern), line


def test_every_endpoint_is_shown():
    for endpoint in ENDPOINTS:
        path = re.sub(r"{\w+}", r"(?:[\\w…%]+|\\{id\\})", endpoint.path)
        assert re.search(path + r'["?`]', TEXT), endpoint.path


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("problems", list(PROBLEM_TYPES)),
        ("scopes", list(SCOPES)),
        ("states", [s.value for s in ModemState]),
        ("statuses", [s.value for s in MessageStatus]),
        ("attempts", [s.value for s in AttemptState]),
        ("fields", [f.alias or n for n, f in MessageBody.model_fields.items()]),
    ],
)
def test_every_word_of_the_api_is_explained(what, words):
    assert [word for word in words if f"`{word}`" not in TEXT] == []


def test_the_statuses_of_problems_are_right():
    for slug, kind in PROBLEM_TYPES.items():
        assert f"| `{slug}` | {kind.status} |" in TEXT
