"""The configuration: one typed, frozen tree, read once from TOML; every problem told at once.

Durations are seconds unless the key says otherwise, limits are counted in parts (SMS),
not messages, and 0 or an absent limit means "no limit".
"""

from __future__ import annotations

import os
import re
import tomllib
import zoneinfo
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import phonenumbers
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

DEFAULT_PATH = Path("/etc/modemgw/modemgw.toml")
ENVIRONMENT_VARIABLE = "MODEMGW_CONFIG"

MessageType = Literal["otp", "transactional", "promotional"]
Identifier = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
Number = Annotated[str, Field(pattern=r"^\+[1-9][0-9]{4,14}$")]
Seconds = Annotated[float, Field(ge=0, le=366 * 86400)]
Days = Annotated[float, Field(ge=0, le=36_500)]
Limit = Annotated[int, Field(ge=0, le=10_000_000)]
Wait = Annotated[float, Field(gt=0, le=86400)]
"""Seconds that somebody else may take: there is always an end."""


class ConfigError(Exception):
    """The configuration cannot be used. `problems` has one line for each thing that is wrong."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class Section(BaseModel):
    """A table of the configuration file: unknown keys are refused, values never change."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Limits(Section):
    """How much one SIM may send. Counted in parts; 0 = no limit."""

    per_minute: Limit = 0
    per_hour: Limit = 0
    per_day: Limit = 0
    per_month: Limit = 0
    unique_recipients_per_month: Limit = 0
    min_interval: Seconds = 0
    """Least time from the start of a part to that of the next message; parts go back to back."""
    jitter: Seconds = 0
    """A random time up to this is added to `min_interval`."""
    timezone: str = "UTC"
    """Where the plan's days and months begin: a name of the IANA time zone database."""
    day_reset_hour: Annotated[int, Field(ge=0, le=23)] = 0
    """The hour there in which the plan's day begins."""
    month_reset_day: Annotated[int, Field(ge=1, le=28)] = 1
    """The day on which the plan's month begins."""

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            zoneinfo.ZoneInfo(name)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(
                "this is no time zone of the IANA database; it wants a name such as "
                '"Europe/London", or "UTC"'
            ) from None
        return name

    def over(self, defaults: Limits) -> Limits:
        """These limits, with the keys that were not given taken from `defaults`."""
        given = {name: getattr(self, name) for name in self.model_fields_set}
        return defaults.model_copy(update=given)


class RateLimits(Section):
    """[recipient_limits], [key_limits]: messages that are refused beyond; 0 = no limit."""

    per_minute: Limit = 0
    per_hour: Limit = 0
    per_day: Limit = 0


class RetentionSection(Section):
    """[retention]: after how many days ended things are deleted; 0 = never."""

    messages_days: Days = 0
    inbound_days: Days = 0
    events_days: Days = 30
    deliveries_days: Days = 30


class GatewaySection(Section):
    """[gateway]"""

    data_dir: Path = Path("/var/lib/modemgw")
    default_region: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] = "GB"
    """How to read numbers that do not begin with +: an ISO 3166 country code."""
    receipt_timeout: Seconds = 3 * 86400
    """After this time without a final report a `sent` message stays `sent` for good."""
    reassembly_timeout: Seconds = 24 * 3600
    """After this time an incomplete long inbound SMS is handed on with the gap marked."""
    drain_timeout: Seconds = 30
    """How long SIGTERM waits for the part that is in the air."""
    backup_before_migrate: bool = True
    """Copy the database beside itself before a newer version changes its schema."""
    allow_no_modems: bool = False
    """Whether a reload may remove the last modem: an emptied file looks just like that wish."""
    probe_any_tty: bool = False
    """Look for modems with `match` also behind serial adapters and unknown USB devices."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @field_validator("default_region")
    @classmethod
    def _known_region(cls, region: str) -> str:
        if region not in phonenumbers.SUPPORTED_REGIONS:
            raise ValueError(f"{region!r} is not a country code such as GB, DE or US")
        return region


class HttpSection(Section):
    """[http]"""

    listen: str = "127.0.0.1:8080"
    max_body_bytes: Annotated[int, Field(ge=1024, le=1 << 30)] = 16 << 20
    body_memory_bytes: Annotated[int, Field(ge=1024, le=1 << 34)] = 64 << 20
    """Of all large bodies that are being received; at the least one of `max_body_bytes` fits."""
    max_connections: Annotated[int, Field(ge=4, le=100_000)] = 512
    """Fewer where the limit of open files would leave modems and the database too little."""
    max_streams: Annotated[int, Field(ge=1, le=100_000)] = 128
    """Event streams at a time; of the connections they may have half at the most."""
    max_streams_per_key: Annotated[int, Field(ge=1, le=100_000)] = 32
    header_timeout: Wait = 10
    """How long a request's headers may take, from their first octet on."""
    body_timeout: Wait = 30
    """How long a body may take; what has come by then buys more time, at 16 KiB a second."""
    idle_timeout: Wait = 75
    """How long a connection may be kept without a request."""
    send_timeout: Wait = 30
    """How long a client may read nothing of its answer; a large one has more, as with bodies."""

    @field_validator("listen")
    @classmethod
    def _address(cls, listen: str) -> str:
        if listen.startswith("unix:"):
            if not listen.removeprefix("unix:").startswith("/"):
                raise ValueError(
                    "a unix socket wants an absolute path: unix:/run/modemgw/http.sock"
                )
            return listen
        host, _, port = listen.rpartition(":")
        if not host or not port.isdecimal() or int(port) > 65535:
            raise ValueError(
                f"{listen!r} is neither HOST:PORT (127.0.0.1:8080, [::1]:8080) nor unix:/path"
            )
        return listen

    @property
    def unix_path(self) -> Path | None:
        """The path of the unix socket, or None when this is a TCP address."""
        return Path(self.listen[5:]) if self.listen.startswith("unix:") else None

    @property
    def host_port(self) -> tuple[str, int]:
        """Host and port of a TCP address; port 0 lets the system choose."""
        host, _, port = self.listen.rpartition(":")
        return host.strip("[]"), int(port)


class ModemMatch(Section):
    """Finds a modem by what it is, not by its ttyUSB number. Exactly one key."""

    imei: Annotated[str, Field(pattern=r"^[0-9]{14,16}$")] | None = None
    iccid: str | None = None
    """18 to 20 digits; some issuers have A to F among them."""
    usb_path: Annotated[str, Field(pattern=r"^[0-9]+-[0-9]+(\.[0-9]+)*$")] | None = None

    @field_validator("iccid")
    @classmethod
    def _iccid(cls, iccid: str | None) -> str | None:
        if iccid is not None and not re.fullmatch(r"[0-9A-Fa-f]{18,20}[Ff]?", iccid):
            raise ValueError(
                "an ICCID has 18 to 20 digits (with some issuers A to F among them), as "
                f"`modemgw modems scan` shows it, not {iccid!r}"
            )
        return iccid

    @model_validator(mode="after")
    def _exactly_one(self) -> ModemMatch:
        if sum(v is not None for v in (self.imei, self.iccid, self.usb_path)) != 1:
            raise ValueError("give exactly one of imei, iccid, usb_path")
        return self


class ModemSection(Section):
    """[[modem]]"""

    id: Identifier
    device: str | None = None
    """A path, or a port of a serial server: socket://host:port, rfc2217://host:port."""
    match: ModemMatch | None = None
    pin: Annotated[str | None, Field(pattern=r"^[0-9]{4,8}$", repr=False)] = None
    pin_file: Path | None = None
    number: Number | None = None
    smsc: Number | None = None
    """Service centre to use instead of the SIM's own."""
    profile: str = "auto"
    routes: tuple[Identifier, ...] = ("default",)
    weight: Annotated[int, Field(ge=1, le=1000)] = 1
    limits: Limits = Limits()
    roaming: bool = True
    """False: nothing is sent while the SIM roams."""
    baud_rate: Annotated[int, Field(ge=300, le=4_000_000)] = 115_200
    usb_reauthorize: bool = False
    """Let the recovery ladder power-cycle the device's USB authorisation (needs the rights)."""

    @model_validator(mode="after")
    def _device_or_match(self) -> ModemSection:
        if (self.device is None) == (self.match is None):
            raise ValueError(
                'give exactly one of device = "/dev/…" and match = { imei = "…" } '
                "(or iccid, usb_path)"
            )
        if self.pin is not None and self.pin_file is not None:
            raise ValueError("give pin or pin_file, not both")
        return self

    def read_pin(self) -> str | None:
        """The SIM's PIN, from the file if there is one. Raises ConfigError if it is unreadable."""
        if self.pin_file is None:
            return self.pin
        try:
            pin = self.pin_file.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(
                [f"modem {self.id}: pin_file {self.pin_file} cannot be read: {error}"]
            ) from error
        if not (pin.isdecimal() and 4 <= len(pin) <= 8):
            raise ConfigError(
                [f"modem {self.id}: pin_file {self.pin_file} must hold 4 to 8 digits"]
            )
        return pin


class RouteMatch(Section):
    """What a route may carry. An empty list matches everything."""

    to_prefix: tuple[Annotated[str, Field(pattern=r"^\+?[0-9]{1,15}$")], ...] = ()
    type: tuple[MessageType, ...] = ()
    key: tuple[str, ...] = ()
    """Names of API keys."""
    tag: tuple[str, ...] = ()


class RouteSection(Section):
    """[[route]]"""

    id: Identifier
    policy: Literal["least_used", "round_robin", "weighted", "sticky"] = "least_used"
    match: RouteMatch = RouteMatch()
    fallback: Identifier | None = None


class HandlerMatch(Section):
    """Which inbound messages a handler takes. An empty match takes all."""

    keyword: str | None = None
    """The first word of the text, in any case."""
    from_prefix: tuple[Annotated[str, Field(pattern=r"^\+?[0-9]{1,15}$")], ...] = ()
    modem: tuple[Identifier, ...] = ()


class HandlerSection(Section):
    """[[handler]]"""

    ACTIONS: ClassVar[tuple[str, ...]] = ("exec", "webhook", "python", "reply")
    """Keys of which each handler has one: what is done. Each is a kind of delivery."""

    id: Identifier | None = None
    """Whose deliveries are whose, over every change; one is made up where there is none."""
    match: HandlerMatch = HandlerMatch()
    exec: tuple[str, ...] | None = None
    webhook: Annotated[str, Field(pattern=r"^https?://")] | None = None
    python: Annotated[str, Field(pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$")] | None = None
    reply: str | None = None
    timeout: Annotated[float, Field(gt=0, le=3600)] = 30
    at_once: Annotated[int, Field(ge=1, le=64)] = 4
    """Messages that it is given at the same time."""
    in_order: bool = False
    """Messages of one sender are given one after the other, the next when one has ended."""

    @property
    def action(self) -> str:
        """The key that says what is done."""
        return next(name for name in self.ACTIONS if getattr(self, name) is not None)

    @model_validator(mode="after")
    def _one_action(self) -> HandlerSection:
        if sum(getattr(self, name) is not None for name in self.ACTIONS) != 1:
            raise ValueError(f"give exactly one of {', '.join(self.ACTIONS)}")
        if self.exec is not None and not self.exec:
            raise ValueError('exec needs at least the program: exec = ["/path/to/program"]')
        return self


class TypeSection(Section):
    """[type.otp], [type.transactional], [type.promotional]: policy per message type."""

    ambiguous: Literal["hold", "retry"] = "hold"
    """What becomes of an attempt that got no answer after Ctrl-Z."""
    ambiguous_wait: Seconds = 60
    """With `retry`: how long to wait for a status report before sending once more."""
    max_attempts: Annotated[int, Field(ge=1, le=100)] = 8
    """Tries of one part before the message is failed."""
    validity: Seconds = 2 * 86400
    """How long a message may wait when the request does not say."""
    redact_text_after_days: Days = 0
    """After this time the text of an ended message is emptied; 0 = never."""


class TypesSection(Section):
    """[type]"""

    otp: TypeSection = TypeSection(ambiguous="retry", validity=600, max_attempts=4)
    transactional: TypeSection = TypeSection()
    promotional: TypeSection = TypeSection()


class Config(Section):
    """The whole configuration file."""

    gateway: GatewaySection = GatewaySection()
    http: HttpSection = HttpSection()
    sim_limits: Limits = Limits()
    recipient_limits: RateLimits = RateLimits()
    """How many messages one recipient may be sent, from whatever key: against floods."""
    key_limits: RateLimits = RateLimits()
    """How many messages one API key may send."""
    retention: RetentionSection = RetentionSection()
    type: TypesSection = TypesSection()
    modem: tuple[ModemSection, ...] = ()
    route: tuple[RouteSection, ...] = ()
    handler: tuple[HandlerSection, ...] = ()

    @model_validator(mode="after")
    def _references(self) -> Config:
        problems: list[str] = []
        for kind, ids in (
            ("modem", [m.id for m in self.modem]),
            ("route", [r.id for r in self.route]),
            ("handler", [h.id for h in self.handler if h.id is not None]),
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
        problems += [
            f"route {r.id}: its fallbacks come back to itself" for r in self.route if self._loops(r)
        ]
        if problems:
            raise ValueError("; ".join(problems))
        return self

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

    def limits_of(self, modem: ModemSection) -> Limits:
        """The limits of the SIM in `modem`: its own keys over [sim_limits]."""
        return modem.limits.over(self.sim_limits)


def find(path: str | os.PathLike[str] | None = None) -> Path:
    """The configuration file to use: `path`, else $MODEMGW_CONFIG, else the default place."""
    return Path(path or os.environ.get(ENVIRONMENT_VARIABLE) or DEFAULT_PATH)


def load(path: str | os.PathLike[str]) -> Config:
    """Read and validate a configuration file.

    Raises ConfigError: one line a problem, with the file, the key and what would be right.
    """
    file = Path(path)
    try:
        with file.open("rb") as stream:
            document = tomllib.load(stream)
    except FileNotFoundError as error:
        raise ConfigError(
            [
                f"{file}: there is no such file; name one with --config FILE or "
                f"${ENVIRONMENT_VARIABLE}"
            ]
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError([f"{file}: cannot be read: {error}"]) from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([f"{file}: not valid TOML: {error}"]) from error
    return parse(document, source=str(file))


def parse(document: Mapping[str, Any], *, source: str = "configuration") -> Config:
    """Validate a configuration that was already read. Raises ConfigError (see `load`)."""
    try:
        return Config.model_validate(dict(document))
    except ValidationError as error:
        raise ConfigError([f"{source}: {line}" for line in _problems(error)]) from error


def _problems(error: ValidationError) -> Iterator[str]:
    for item in error.errors(include_url=False):
        key = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in item["loc"]).lstrip(".")
        kind, message = item["type"], item["msg"].removeprefix("Value error, ")
        given = item.get("input")
        if kind == "extra_forbidden":
            message = "there is no such key"
        elif kind == "missing":
            message = "this key is missing"
        elif isinstance(given, str | int | float) and not key.endswith(".pin"):
            message = f"{message} (it is {given!r})"
        yield f"{key}: {message}" if key else message


def _listed(names: set[str]) -> str:
    return ", ".join(sorted(names)) or "none"
