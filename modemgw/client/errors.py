"""What a call may raise."""

from __future__ import annotations

from typing import Any

from modemgw.client.answers import FieldError, Problem

PREFIX = "urn:modemgw:problem:"


class ClientError(Exception):
    """The root of all that a call raises."""


class Unreachable(ClientError):
    """There was no answer: no gateway there, or the connection was lost.

    `unsent`: nothing of the request can have come there.
    """

    def __init__(self, detail: str, *, unsent: bool = False) -> None:
        super().__init__(detail)
        self.unsent = unsent


class Untrusted(Unreachable):
    """Who answers at an https URL is not shown to be who was called."""


class UnexpectedAnswer(ClientError):
    """What answered is no modemgw, or something in between has changed the answer."""


class ApiError(ClientError):
    """The gateway answered with an error. `problem` is what it said (RFC 9457)."""

    def __init__(
        self, problem: Problem | dict[str, Any], *, retry_after_s: float | None = None
    ) -> None:
        self.problem = problem if isinstance(problem, Problem) else Problem(problem)
        self.retry_after_s = retry_after_s
        """When it may be worth trying again, in seconds, if the gateway said so."""
        super().__init__(self.problem.detail or self.problem.title)

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.problem.status

    @property
    def type(self) -> str:
        """The problem's type without its prefix, such as `invalid-fields`; it never changes."""
        return self.problem.type.removeprefix(PREFIX)

    @property
    def title(self) -> str:
        """What kind of problem it is, for people."""
        return self.problem.title

    @property
    def detail(self) -> str:
        """What is wrong, and what would be right."""
        return self.problem.detail

    @property
    def errors(self) -> tuple[FieldError, ...]:
        """Every field that is wrong."""
        return self.problem.errors

    @property
    def fields(self) -> dict[str, str]:
        """What is wrong with each field, by its name."""
        return {error.field: error.detail for error in reversed(self.errors)}

    @property
    def is_from_modemgw(self) -> bool:
        """Whether the gateway said so itself, and not something in between."""
        return self.problem.type.startswith(PREFIX)


class InvalidRequest(ApiError):
    """The request is not as it must be; see `fields`."""


class IdempotencyKeyReused(InvalidRequest):
    """The Idempotency-Key belongs to another request."""


class Unauthorized(ApiError):
    """There is no such API key, or it was revoked."""


class Forbidden(ApiError):
    """The API key may not do this."""


class NotFound(ApiError):
    """There is no such thing."""


class Conflict(ApiError):
    """It is too late for this, or the thing is not in the right state, or another one by now."""


class TooManyRequests(ApiError):
    """A limit is reached; see `retry_after_s`."""


class BudgetExhausted(ApiError):
    """A budget has not enough left; see `retry_after_s`. It is not tried again by itself."""


class ModemFailed(ApiError):
    """The modem or the network says no."""


class Unavailable(ApiError):
    """The gateway cannot take this now; see `retry_after_s`."""


_BY_STATUS: dict[int, type[ApiError]] = {
    400: InvalidRequest,
    401: Unauthorized,
    402: BudgetExhausted,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    412: Conflict,
    413: InvalidRequest,
    415: InvalidRequest,
    422: InvalidRequest,
    429: TooManyRequests,
    503: Unavailable,
}


def error_of(problem: Problem, retry_after_s: float | None = None) -> ApiError:
    """The exception for an answer with an error status."""
    kind = _BY_STATUS.get(problem.status, ApiError)
    match problem.type.removeprefix(PREFIX):
        case "idempotency-key-reused":
            kind = IdempotencyKeyReused
        case "modem-error":
            kind = ModemFailed
    return kind(problem, retry_after_s=retry_after_s)
