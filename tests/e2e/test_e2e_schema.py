"""A judge of the OpenAPI document: schemathesis asks what it allows, and what it forbids.

Whatever is answered must be in the document; and what the document allows may be refused only for
what a JSON Schema cannot say.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any, cast

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from labs.bank import bank_of
from labs.gateway import config_of, gateway_on
from labs.waiting import until
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, load_all_checks

from modemgw.api.app import ENDPOINTS
from modemgw.api.docs import endpoints
from modemgw.api.openapi import document
from modemgw.api.server import bind, serve
from modemgw.config import HttpSection
from modemgw.gateway import wrong_keys
from modemgw.store.sqlite import FILE_NAME, create_key

EXAMPLES = int(os.environ.get("MODEMGW_SCHEMA_EXAMPLES", "6"))
"""For each operation; with more than 25 the judge invents cases of its own as well."""
PHASES = "examples,coverage,stateful" + (",fuzzing" if EXAMPLES > 25 else "")
DOCUMENT = document((*ENDPOINTS, *endpoints(ENDPOINTS)))
OPERATIONS = [
    (method.upper(), path)
    for path, methods in DOCUMENT["paths"].items()
    for method in methods
    if path != "/v1/events"  # has no end
]
BEYOND_A_SCHEMA = {
    ("to", "invalid-number"),  # numbering plans
    ("to", "unroutable"),  # what is configured
    ("route", "unknown"),
    ("modem", "unknown"),
    ("text", "not-encodable"),  # alphabets
    ("text", "too-many-parts"),
    ("data", "too-many-parts"),
    ("send_at", "out-of-range"),  # what time it is
    ("expires_at", "out-of-range"),
    ("code", "not-encodable"),
    ("cursor", "invalid-cursor"),  # which list gave it
    ("deliveries", "unknown"),  # what there is
    ("number", "invalid-number"),
    ("number", "missing"),  # columns of a table
    ("state", "missing"),
    ("on", "contradiction"),  # what a handler is asked about
    ("command", "invalid"),  # which AT commands wait for data
    ("through", "unknown"),
    ("url", "unfit"),  # what addresses are, and which may be posted to
    ("callback_url", "invalid"),
    ("to", "short-code"),  # whose numbers are proved, as countries and numbering plans are data
    ("to", "country-refused"),
    ("to", "kind-refused"),
    ("client_ip", "invalid"),
    ("template", "unknown"),
}
OF_TEMPLATES = {
    ("language", "invalid"),  # which languages there are
    ("template", "unknown"),
    *(("text", code) for code in ("not-a-template", "undeclared", "wrong-type", "invalid")),
    ("variants", "repeated"),
    ("parameters", "reserved"),  # what a template's words mean
    ("parameters", "contradiction"),
    *(
        (place, code)  # what a type's values are, and what the template says of them
        for place in ("parameters", "params")
        for code in ("wrong-type", "invalid", "too-long", "not-encodable", "unknown", "missing")
    ),
    ("params", "empty"),
}
CONFIG = Path(__file__).with_name("schemathesis.toml")
HANDLER = {"id": "thanks", "match": {"keyword": "HELLO"}, "reply": "Thank you"}
load_all_checks()
CHECK = {check.__name__: check for check in CHECKS.get_all()}
ALWAYS = [
    CHECK[name]
    for name in (
        "status_code_conformance",
        "content_type_conformance",
        "response_headers_conformance",
        "response_schema_conformance",
    )
]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The URL and the key of a gateway with a modem that can send; in a thread of its own."""
    place = tmp_path_factory.mktemp("schema")
    ready: Future[str] = Future()
    stop = asyncio.Event()
    (place / "data").mkdir()
    create_key(place / "data" / FILE_NAME, "oldest", ["read"])  # what is done to the first listed
    key = create_key(place / "data" / FILE_NAME, "judge", ["admin"])
    patch = pytest.MonkeyPatch()
    patch.setattr(wrong_keys, "FREE", 1_000_000)  # it tries a wrong key with every call

    async def run() -> None:
        http = HttpSection(listen="127.0.0.1:0")
        async with (
            bank_of(place, 1) as bank,
            gateway_on(config_of(place, bank, handler=[HANDLER])) as gateway,
            serve(gateway, bind(http), http) as url,
        ):

            async def can_send() -> bool:
                return gateway.health.ready

            await until(can_send)
            loops.append(asyncio.get_running_loop())
            ready.set_result(url)
            await stop.wait()

    loops: list[asyncio.AbstractEventLoop] = []
    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    try:
        yield ready.result(30), key
    finally:
        loops[0].call_soon_threadsafe(stop.set)
        thread.join()
        patch.undo()


def ask(
    served: tuple[str, str], method: str, path: str
) -> Iterator[tuple[schemathesis.Case, schemathesis.Response]]:
    """Cases and their answers, each checked against the document."""
    url, key = served
    operation = schemathesis.openapi.from_dict(DOCUMENT)[path][method]
    found: list[tuple[schemathesis.Case, schemathesis.Response]] = []

    known: dict[str, Any] = {}
    if path.startswith("/v1/modems/{id}"):
        known["path_parameters"] = {"id": "m1"}

    @given(case=operation.as_strategy(generation_mode=GenerationMode.POSITIVE, **known))
    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def one(case: schemathesis.Case) -> None:
        with requests.Session() as session:
            headers = {"Authorization": f"Bearer {key}"}
            answer = case.call(base_url=url, session=session, headers=headers, timeout=30)
        case.validate_response(answer, checks=cast(Any, ALWAYS))
        found.append((case, answer))

    one()
    yield from found


def test_the_document_has_no_words_that_json_schema_has_not() -> None:
    """Bounds that pydantic could not place are left there by their own names: nobody reads them."""

    def words(schema: object) -> Iterator[str]:
        for word, inner in schema.items() if isinstance(schema, dict) else ():
            yield word
            if word == "properties":  # what stands there are names of fields
                yield from words(list(inner.values()))
            elif word not in ("example", "examples"):
                yield from words(inner)
        for inner in schema if isinstance(schema, list) else ():
            yield from words(inner)

    assert {"ge", "le", "gt", "lt", "min_length", "max_length"}.isdisjoint(words(DOCUMENT))


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_what_the_document_allows_is_refused_for_what_it_cannot_say_alone(
    served: tuple[str, str], method: str, path: str
) -> None:
    for case, answer in ask(served, method, path):
        assert answer.status_code != 500
        if answer.status_code in (400, 413, 415, 422):
            problem = answer.json()
            if problem["type"].endswith("idempotency-key-reused"):
                continue  # it was chosen twice
            reasons = {(_judged(e["field"]), e["code"]) for e in problem["errors"]}
            fields = {(field.partition("[")[0], code) for field, code in reasons}
            if path == "/v1/consents/import":  # a table: no schema tells its columns
                fields = {(field, code) for field, code in fields if code != "unknown"}
            assert fields <= BEYOND_A_SCHEMA | OF_TEMPLATES, (case.as_curl_command(), problem)


def _judged(field: str) -> str:
    """What a problem is about: of a template's parameters it is the whole of them."""
    place = field.partition(".")[0]
    return place if place in ("parameters", "params") else field.rpartition(".")[2]


@pytest.mark.timeout(900)
def test_the_whole_judge_finds_nothing(served: tuple[str, str], tmp_path: Path) -> None:
    """Every check there is, at the bounds of every schema, and along the links between calls."""
    url, key = served
    judge = subprocess.run(
        [
            *(Path(sys.executable).with_name("schemathesis"), "--config-file", CONFIG),
            *("run", f"{url}/openapi.json", "--url", url),
            *("--header", f"Authorization: Bearer {key}"),
            *("--checks", "all", "--exclude-path", "/v1/events"),  # has no end
            *("--phases", PHASES, "--max-examples", str(EXAMPLES), "--seed", "1"),
            *("--no-color", "--warnings", "off", "--request-timeout", "30"),
            "--continue-on-failure",
        ],
        cwd=tmp_path,
        env={**os.environ, "PYTHONUTF8": "1", "HYPOTHESIS_STORAGE_DIRECTORY": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=800,
        check=False,
    )
    said = "\n".join(line[:600] for line in judge.stdout.splitlines())
    assert judge.returncode == 0, said[-20_000:]
    assert "Stateful" in said
    asked = requests.get(f"{url}/v1/keys", headers={"Authorization": f"Bearer {key}"}, timeout=30)
    assert asked.status_code == 200, "what was done to its own key made the rest a test of 401"
