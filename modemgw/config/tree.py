"""The whole configuration: its tables, and that they fit each other."""

from __future__ import annotations

from collections import Counter

from pydantic import model_validator

from modemgw.config.alerts import AlertRule, AlertSection, AlertsSection, is_mail
from modemgw.config.alerts import rules as alert_rules
from modemgw.config.balance import BalanceSection
from modemgw.config.base import Section
from modemgw.config.budgets import BillShockSection, BudgetSection
from modemgw.config.duplicates import DuplicatesSection
from modemgw.config.gateway import GatewaySection
from modemgw.config.handlers import HandlerSection
from modemgw.config.http import HttpSection
from modemgw.config.limits import Limits, RateLimits
from modemgw.config.modems import ModemSection
from modemgw.config.opt_out import OptOutSection
from modemgw.config.replies import RepliesSection
from modemgw.config.retention import RetentionSection
from modemgw.config.routes import RouteSection
from modemgw.config.smtp import SmtpSection
from modemgw.config.tariffs import TariffSection, wrong_tariffs
from modemgw.config.templates import TemplatesSection
from modemgw.config.types import TypesSection
from modemgw.config.verifications import VerificationsSection
from modemgw.config.webhooks import WebhooksSection


class Config(Section):
    """The whole configuration file."""

    gateway: GatewaySection = GatewaySection()
    http: HttpSection = HttpSection()
    sim_limits: Limits = Limits()
    recipient_limits: RateLimits = RateLimits()
    """How many messages one recipient may be sent, from whatever key: against floods."""
    key_limits: RateLimits = RateLimits()
    """How many messages one API key may send."""
    balance: BalanceSection = BalanceSection()
    """How the credit of SIMs is asked for; a modem may have its own."""
    alerts: AlertsSection = AlertsSection()
    retention: RetentionSection = RetentionSection()
    type: TypesSection = TypesSection()
    opt_out: OptOutSection = OptOutSection()
    duplicates: DuplicatesSection = DuplicatesSection()
    webhooks: WebhooksSection = WebhooksSection()
    templates: TemplatesSection = TemplatesSection()
    verifications: VerificationsSection = VerificationsSection()
    smtp: SmtpSection | None = None
    modem: tuple[ModemSection, ...] = ()
    route: tuple[RouteSection, ...] = ()
    tariff: tuple[TariffSection, ...] = ()
    handler: tuple[HandlerSection, ...] = ()
    budget: tuple[BudgetSection, ...] = ()
    bill_shock: BillShockSection = BillShockSection()
    replies: RepliesSection = RepliesSection()
    alert: tuple[AlertSection, ...] = ()

    @model_validator(mode="after")
    def _references(self) -> Config:
        problems: list[str] = []
        for kind, ids in (
            ("modem", [m.id for m in self.modem]),
            ("route", [r.id for r in self.route]),
            ("tariff", [t.id for t in self.tariff if t.id is not None]),
            ("handler", [h.id for h in self.handler if h.id is not None]),
            ("alert", [a.name for a in self.alert]),
            ("budget", [b.id for b in self.budget]),
        ):
            problems += [f"{kind} id {i!r} is used twice" for i, n in Counter(ids).items() if n > 1]
        devices = [m.device for m in self.modem if m.device is not None]
        problems += [f"device {d} is used twice" for d, n in Counter(devices).items() if n > 1]
        routes = {r.id for r in self.routes}
        for modem in self.modem:
            problems += [
                f"modem {modem.id}: route {r!r} is not defined; there is {_listed(routes)}"
                for r in modem.routes
                if r not in routes
            ]
        for route in self.route:
            if route.fallback is not None and route.fallback not in routes:
                problems.append(
                    f"route {route.id}: fallback {route.fallback!r} is not defined; "
                    f"there is {_listed(routes)}"
                )
        problems += self._of_types()
        problems += [
            f"route {r.id}: its fallbacks come back to itself" for r in self.route if self._loops(r)
        ]
        if self.smtp is None and any(
            is_mail(to) for rule in self.alert_rules for to in rule.notify
        ):
            problems.append(
                "an alert that notifies an e-mail address needs to know a mail server: "
                '[smtp] with host and from, such as host = "mail.example.org", from = '
                '"sms@example.org"'
            )
        problems += wrong_tariffs(self.tariff, (m.id for m in self.modem))
        if self.smtp is None and any(h.email for h in self.handler):
            problems.append(
                "a handler with email needs to know a mail server: "
                '[smtp] with host and from, such as host = "mail.example.org", from = '
                '"sms@example.org"'
            )
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def _of_types(self) -> list[str]:
        """What is wrong with the routes that types name."""
        by_id = {route.id: route for route in self.routes}
        problems = []
        for name, policy in self.type.by_name().items():
            for id in policy.routes:
                if id not in by_id:
                    told = f"is not defined; there is {_listed(set(by_id))}"
                elif (only := by_id[id].match.type) and name not in only:
                    told = f"carries {', '.join(only)} only: its match.type says so"
                else:
                    continue
                problems.append(f"type.{name}: route {id!r} {told}")
        return problems

    def _loops(self, route: RouteSection) -> bool:
        by_id = {r.id: r for r in self.route}
        seen: set[str] = set()
        at: RouteSection | None = route
        while at is not None and at.fallback is not None:
            if at.id in seen:
                return True
            seen.add(at.id)
            at = by_id.get(at.fallback)
        return False

    @property
    def routes(self) -> tuple[RouteSection, ...]:
        """The routes; a `default` that matches everything comes last when none is configured."""
        if any(r.id == "default" for r in self.route):
            return self.route
        return (*self.route, RouteSection(id="default"))

    @property
    def alert_rules(self) -> tuple[AlertRule, ...]:
        """The alerts in force: the defaults, with what the file says of them and adds."""
        return alert_rules(self.alerts, self.alert)

    def routes_of(self, type: str) -> tuple[RouteSection, ...]:
        """The routes that a type's messages may take, in the order in which they are tried."""
        named = self.type.of(type).routes
        if not named:
            return self.routes
        by_id = {route.id: route for route in self.routes}
        return tuple(by_id[id] for id in named)

    def limits_of(self, modem: ModemSection) -> Limits:
        """The limits of the SIM in `modem`: its own keys over [sim_limits]."""
        return modem.limits.over(self.sim_limits)

    def balance_of(self, modem: ModemSection) -> BalanceSection:
        """How the credit of the SIM in `modem` is asked for: its own keys over [balance]."""
        return modem.balance.over(self.balance)


def _listed(names: set[str]) -> str:
    return ", ".join(sorted(names)) or "none"
