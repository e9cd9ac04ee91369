"""/v1/types: the policy in force and how messages do; by the clients, too."""

from __future__ import annotations

from typing import Any

import pytest
from labs.fake_gateway import FakeGateway

from modemgw.api.server import bind, serve
from modemgw.client import ApiError, Client
from modemgw.config import HttpSection

READ = {"Authorization": "Bearer key-read"}
SEND = {"Authorization": "Bearer key-send"}


async def test_every_type_is_shown_the_most_urgent_first(http: Any) -> None:
    answer = await http.get("/v1/types", headers=READ)
    assert answer.status == 200
    otp, transactional, promotional = (await answer.json())["items"]
    assert [one["name"] for one in (otp, transactional, promotional)] == [
        "otp",
        "transactional",
        "promotional",
    ]
    assert (otp["validity_seconds"], otp["erase_text"], otp["accepted"]) == (600, True, 3)
    assert (otp["target"], otp["quiet_hours"], otp["duplicates"]) == (None, [], None)
    assert (promotional["consent_required"], promotional["opt_out"]) == (False, "respect")
    assert (otp["consent_required"], otp["opt_out"]) == (False, "ignore")
    assert promotional["quiet_hours"] == ["21:00-08:00"]
    assert promotional["target"] == {
        "to": "sent", "seconds": 60, "in_time": 5, "late": 1, "overdue": 1
    }  # fmt: skip


async def test_one_type_is_shown_and_only_one_that_there_is(http: Any) -> None:
    answer = await http.get("/v1/types/otp", headers=READ)
    assert (await answer.json())["name"] == "otp"
    answer = await http.get("/v1/types/sms", headers=READ)
    assert answer.status == 404
    assert "there is otp, transactional, promotional" in (await answer.json())["detail"]


async def test_it_wants_a_key_that_may_read(http: Any) -> None:
    assert (await http.get("/v1/types", headers=SEND)).status == 403
    assert (await http.get("/v1/types")).status == 401


async def test_the_client_has_them(gateway: FakeGateway) -> None:
    http = HttpSection(listen="127.0.0.1:0")
    async with serve(gateway, bind(http), http) as url, Client(url, "key-admin") as client:
        otp, *_ = await client.types()
        assert (otp.name, otp.priority, otp.quiet_hours) == ("otp", 1, ())
        promotional = await client.message_type("promotional")
        assert promotional.target is not None
        assert (promotional.target.late, promotional.target.to) == (1, "sent")
        with pytest.raises(ApiError, match="there is no type 'sms'"):
            await client.message_type("sms")
