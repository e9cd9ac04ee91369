"""Alerts are kept over restarts, told as events, silenced, and people are notified of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any, cast

import pytest
from labs.clock import FakeClock
from labs.fake_gateway import FakeModems
from labs.post_office import post_office

from modemgw.clock import SteadyClock
from modemgw.config import Config, ConfigError, parse
from modemgw.gateway.errors import NotFound, Unavailable
from modemgw.gateway.fleet.modem_views import ModemView
from modemgw.gateway.upkeep.alerts.alerts import Alerts
from modemgw.gateway.upkeep.alerts.engine import Reading
from modemgw.gateway.upkeep.alerts.mailing import Mailing
from modemgw.gateway.upkeep.alerts.notices import (
    HOUR_S,
    MOST_SMS,
    WAITS_S,
    Notice,
    Notices,
    NotTaken,
)
from modemgw.gateway.upkeep.alerts.readings import ClockSteps
from modemgw.modem import ModemState
from modemgw.store import Alert, AlertQuery, Store
from modemgw.store.records import Event, NewMessage
from modemgw.store.sqlite import open_store

PHONE = "+447700900009"
MAIL = "ops@example.org"
SMTP = {"host": "127.0.0.1", "from": "sms@example.org", "tls": "none"}


def config(*alerts: dict[str, Any], notify: tuple[str, ...] = (), **more: Any) -> Config:
    wanted = alerts or ({"id": "modem-down", "for": 0},)
    about = {"defaults": False, "notify": list(notify)}
    return parse({"alerts": about, "alert": list(wanted), "smtp": SMTP} | more)


@dataclass
class Post:
    """What went out, and what does not go out just now."""

    sent: list[NewMessage] = field(default_factory=list)
    mailed: list[tuple[str, str]] = field(default_factory=list)
    fails: Exception | None = None
    ready: tuple[str, ...] = ("m1", "m2")

    async def send(self, new: NewMessage) -> None:
        if self.fails is not None:
            raise self.fails
        self.sent.append(new)

    async def mail(self, notice: Notice, to: str) -> None:
        if self.fails is not None:
            raise self.fails
        self.mailed.append((to, notice.title))

    def views(self) -> list[ModemView]:
        view = FakeModems().view("m1")
        return [
            replace(view, status=replace(view.status, id=id, state=ModemState.READY))
            for id in self.ready
        ]


@dataclass
class Lab:
    store: Store
    clock: FakeClock
    alerts: Alerts = field(default_factory=lambda: cast(Alerts, None))
    notices: Notices = field(default_factory=lambda: cast(Notices, None))
    post: Post = field(default_factory=Post)
    readings: list[Reading] = field(default_factory=list)
    told: list[Event] = field(default_factory=list)

    def start(self, config: Config) -> None:
        """As a process does that begins."""
        steady = SteadyClock(self.clock)
        self.notices = Notices(
            send=self.post.send, mail=self.post.mail, views=self.post.views, clock=steady
        )
        self.alerts = Alerts(
            config,
            store=self.store,
            read=lambda: self.readings,
            notices=self.notices,
            clock=steady,
            random=Random(self.clock.now),
        )

    async def down(self, *modems: str, after_s: float = 10.0) -> list[str]:
        """These modems are down; returns what was told."""
        self.readings = [
            Reading("modem_down", id, float(id in modems), modem=id, reason=f"{id} is absent")
            for id in ("m1", "m2")
        ]
        self.clock.now += after_s
        before = len(self.told)
        await self.alerts.look()
        await self.store.write(lambda tx: None)  # what was written is committed
        await self.notices.turn()
        return [f"{one.type} {one.data['subject']}" for one in self.told[before:]]

    async def kept(self) -> list[Alert]:
        return list((await self.alerts.find(AlertQuery())).items)


@asynccontextmanager
async def lab(tmp_path: Path, *alerts: dict[str, Any], **more: Any) -> AsyncIterator[Lab]:
    clock = FakeClock()
    async with open_store(tmp_path, clock=clock) as store:
        made = Lab(store, clock)
        store.on_events(made.told.extend)
        made.start(config(*alerts, **more))
        yield made


async def test_it_is_told_and_kept_once(tmp_path: Path) -> None:
    async with lab(tmp_path) as made:
        assert await made.down() == []
        assert await made.down("m1") == ["alert.raised m1"]
        assert await made.down("m1") == []
        assert made.told[0].data == {
            "id": made.alerts.standing[0].id,
            "alert": "modem-down",
            "severity": "warning",
            "subject": "m1",
            "modem": "m1",
            "value": 1.0,
            "threshold": 1.0,
            "silenced": False,
            "reason": "m1 is absent",
        }
        assert await made.down("m2") == ["alert.cleared m1", "alert.raised m2"]
        assert "reason" not in made.told[1].data
        second, first = await made.kept()
        assert (first.subject, first.cleared_at) == ("m1", made.clock.time())
        assert (second.subject, second.cleared_at) == ("m2", None)
        assert await made.alerts.one(first.id) == first
        with pytest.raises(NotFound):
            await made.alerts.one("alr_9")


async def test_a_restart_goes_on_where_it_was(tmp_path: Path) -> None:
    async with lab(tmp_path) as made:
        await made.down("m1", "m2")
        made.start(config())
        assert await made.down("m1") == ["alert.cleared m2"]
        assert [one.subject for one in made.alerts.standing] == ["m1"]
        made.start(config())
        assert await made.down() == ["alert.cleared m1"]
        assert [one.cleared_at is not None for one in await made.kept()] == [True, True]


async def test_people_are_told_by_another_modem(tmp_path: Path) -> None:
    async with lab(tmp_path, notify=(PHONE, MAIL)) as made:
        await made.down("m1")
        (sms,) = made.post.sent
        assert (sms.to, sms.modem, sms.type) == (PHONE, "m2", "transactional")
        assert sms.text == "modemgw: modem-down raised (warning): m1 is absent"
        assert made.post.mailed == [(MAIL, "modemgw: modem-down raised (warning)")]
        made.post.ready = ("m1",)
        await made.down()
        assert made.post.sent[1].modem is None
        assert made.post.sent[1].text == "modemgw: modem-down cleared (warning): over: m1 is absent"


async def test_an_alert_has_its_own_people(tmp_path: Path) -> None:
    own = {"id": "modem-down", "for": 0, "notify": [MAIL]}
    async with lab(tmp_path, own, notify=(PHONE,)) as made:
        await made.down("m1")
        assert (len(made.post.sent), len(made.post.mailed)) == (0, 1)


async def test_who_cannot_be_told_is_told_later_and_not_for_ever(tmp_path: Path) -> None:
    async with lab(tmp_path, notify=(PHONE, MAIL)) as made:
        for error in (Unavailable("the disk is full"), NotTaken("no connection")):
            made.post.fails = error
            await made.down("m1")
            await made.down()
            made.clock.now += WAITS_S[0]
            made.post.fails = None
            await made.notices.turn()
            assert len(made.post.sent) == len(made.post.mailed) == 2
            made.post.sent.clear()
            made.post.mailed.clear()
        made.post.fails = NotTaken("no connection")
        await made.down("m1")
        for wait_s in WAITS_S:
            made.clock.now += wait_s
            await made.notices.turn()
        made.post.fails = None
        made.clock.now += HOUR_S
        await made.notices.turn()
        assert made.post.sent == []


async def test_sms_cost_no_fortune(tmp_path: Path) -> None:
    async with lab(tmp_path, notify=(PHONE,)) as made:
        for _ in range(MOST_SMS):
            await made.down("m1", after_s=1)
            await made.down(after_s=1)
        assert len(made.post.sent) == MOST_SMS
        await made.down("m1", after_s=HOUR_S)
        assert len(made.post.sent) == MOST_SMS + 1


async def test_what_is_silenced_notifies_nobody_but_is_told_as_an_event(tmp_path: Path) -> None:
    async with lab(tmp_path, notify=(MAIL,)) as made:
        await made.down("m1")
        (alert,) = await made.kept()
        silenced = await made.alerts.silence(alert.id, 600)
        assert silenced.silenced_until == made.clock.time() + 600
        assert await made.down() == ["alert.cleared m1"]
        assert made.told[-1].data["silenced"]
        assert await made.down("m1") == ["alert.raised m1"]
        made.start(config(notify=(MAIL,)))  # it is so after a restart, too
        assert await made.down("m1", "m2") == ["alert.raised m2"]
        assert await made.down("m2") == ["alert.cleared m1"]
        assert [to for to, _ in made.post.mailed] == [MAIL, MAIL]  # m1 before, and m2
        assert await made.down("m1", after_s=600) == ["alert.raised m1", "alert.cleared m2"]
        assert len(made.post.mailed) == 4
        newest, *_ = await made.kept()
        assert newest.silenced_until is None
        await made.alerts.silence(newest.id, 600)
        await made.alerts.silence(newest.id, 0)
        await made.down()
        assert len(made.post.mailed) == 5


async def test_another_configuration_is_in_force_at_once(tmp_path: Path) -> None:
    async with lab(tmp_path) as made:
        await made.down("m1")
        off = config({"id": "modem-down", "enabled": False})
        await made.alerts.follow(off)
        assert await made.down("m1", "m2") == ["alert.cleared m1"]


async def test_a_clock_that_was_set_counts_whichever_way_it_went() -> None:
    clock = FakeClock()
    steady = SteadyClock(clock)
    steps = ClockSteps(steady)
    for by in (3600, -3600, 0.5):
        clock.set(by)
        steady.look()
    assert (steps.count, steps.seconds) == (2, 7200)


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ({"metric": "queu_age"}, "is queue_age meant"),
        ({"threshold": 1}, "metric is missing"),
        ({"metric": "queue_age", "id": "mine"}, "threshold is missing"),
        ({"metric": "queue_age", "threshold": 1, "clear_above": 3}, "must be clear_below"),
        ({"metric": "queue_age", "threshold": 1, "clear_below": 3}, "on the good side"),
        ({"id": "disk", "threshold": 9, "clear_above": 3}, "on the good side"),
        ({"id": "disk", "metric": "queue_age"}, "watches disk_free_bytes"),
        ({"id": "disk", "notify": ["nobody"]}, "a number with country code"),
        ({"id": "disk", "severity": "loud"}, "critical"),
    ],
)
def test_a_wrong_setting_is_named(section: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        config(section)


def test_a_default_is_changed_key_by_key_and_others_come_to_them() -> None:
    changed = parse(
        {
            "alerts": {"notify": [MAIL]},
            "smtp": SMTP,
            "alert": [
                {"id": "disk", "threshold": 10, "clear_above": 20},
                {"id": "queue-age", "enabled": False},
                {"id": "slow-news", "metric": "queue_age", "threshold": 9e4, "severity": "info"},
            ],
        }
    )
    rules = {rule.id: rule for rule in changed.alert_rules}
    assert (rules["disk"].clear, rules["disk"].severity) == (20, "critical")
    assert "queue-age" not in rules
    assert (rules["slow-news"].clear, rules["slow-news"].notify) == (9e4, (MAIL,))
    assert "modem-down" in rules


def test_an_address_wants_a_mail_server() -> None:
    with pytest.raises(ConfigError, match="needs to know a mail server"):
        parse({"alerts": {"notify": [MAIL]}})


async def test_an_alert_as_a_mail(tmp_path: Path) -> None:
    async with lab(tmp_path) as made, post_office() as (office, port):
        await made.down("m1")
        await made.down()
        raised, (cleared,) = replace((await made.kept())[0], cleared_at=None), await made.kept()
        mailing = Mailing(config(smtp=SMTP | {"port": port}))
        await mailing.mail(Notice(raised, (MAIL,)), MAIL)
        await mailing.mail(Notice(cleared, (MAIL,)), MAIL)
        first, second = office.letters
        assert first.to == [MAIL]
        assert first.mail["Subject"] == "modemgw: modem-down raised (warning): m1"
        assert first.text.startswith("m1 is absent\n\nAlert: modem-down (warning)\nAbout: m1\n")
        assert "Cleared: 2026-" in second.text
        assert second.mail["In-Reply-To"] == first.mail["Message-ID"]
        office.rcpt = lambda recipient: "550 no such user"
        with pytest.raises(NotTaken, match="550 no such user"):
            await mailing.mail(Notice(raised, (MAIL,)), MAIL)
    with pytest.raises(NotTaken, match="no connection"):
        await mailing.mail(Notice(raised, (MAIL,)), MAIL)
