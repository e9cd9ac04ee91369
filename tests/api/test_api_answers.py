"""What the OpenAPI document promises is what the answers have."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter

from modemgw.api import answers

READ = {"Authorization": "Bearer key-admin"}
BODY = {"to": "+447700900001", "text": "x"}


@pytest.mark.parametrize(
    ("method", "path", "body", "kind"),
    [
        ("POST", "/v1/messages", BODY, answers.Message),
        ("GET", "/v1/messages", None, answers.Messages),
        ("POST", "/v1/preview", BODY, answers.Preview),
        ("POST", "/v1/batches", {"to": ["+447700900001", "x"], "text": "x"}, answers.AcceptedBatch),
        ("GET", "/v1/batches/b1", None, answers.Batch),
        ("GET", "/v1/inbound", None, answers.Inbounds),
        ("GET", "/v1/inbound/in1", None, answers.Inbound),
        ("PATCH", "/v1/inbound/in1", {"read": True}, answers.Inbound),
        ("GET", "/v1/conversations", None, answers.Conversations),
        ("GET", "/v1/conversations/%2B447700900111", None, answers.ConversationItems),
        ("PATCH", "/v1/conversations/%2B447700900111", {"read": True}, answers.MarkedRead),
        ("GET", "/v1/modems", None, answers.Modems),
        ("GET", "/v1/modems/m1", None, answers.Modem),
        ("GET", "/v1/modems/m1/trace", None, answers.Trace),
        ("GET", "/v1/modems/m1/signal", None, answers.Signal),
        ("POST", "/v1/modems/m1/at", {"command": "AT+CSQ"}, answers.AtAnswer),
        ("POST", "/v1/modems/m1/at", {"command": "AT+COPS?"}, answers.AtAnswer),
        ("POST", "/v1/modems/m1/ussd", {"code": "*100#"}, answers.Ussd),
        ("GET", "/v1/types", None, answers.MessageTypes),
        ("GET", "/v1/types/promotional", None, answers.MessageType),
        ("GET", "/healthz", None, answers.Health),
        ("GET", "/readyz", None, answers.Readiness),
        ("GET", "/v1/nothing", None, answers.Problem),
        ("POST", "/v1/messages", {}, answers.Problem),
    ],
)
async def test_an_answer_has_the_documented_type(http, method, path, body, kind):
    await http.post("/v1/messages", json=BODY, headers=READ)
    answer = await http.request(method, path, json=body, headers=READ)
    document = await answer.json()
    seen = TypeAdapter(kind).validate_python(document, strict=True)
    assert seen == document, "the answer has fields that the document does not know"


async def test_a_trace_hides_what_was_written_unless_asked(http):
    hidden = await (await http.get("/v1/modems/m1/trace", headers=READ)).json()
    assert "*100#" not in hidden["items"][0]["text"]
    shown = await (await http.get("/v1/modems/m1/trace?texts=true", headers=READ)).json()
    assert "*100#" in shown["items"][0]["text"]


async def test_a_ussd_dialogue_can_be_ended(http, gateway):
    answer = await http.delete("/v1/modems/m1/ussd", headers=READ)
    assert (answer.status, await answer.read()) == (204, b"")
    assert ("end_ussd", "m1") in gateway.modems.calls
