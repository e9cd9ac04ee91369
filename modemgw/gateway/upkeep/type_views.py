"""The policy of each type of messages as it is in force, and how its messages do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from modemgw.config import Config, TypeSection
from modemgw.gateway.errors import NotFound
from modemgw.gateway.following import Rest, nothing_left
from modemgw.gateway.outgoing.punctuality import Tally


@dataclass(frozen=True, slots=True)
class TypeView:
    """A type of messages."""

    name: str
    policy: TypeSection
    respects_opt_out: bool
    """Whether those who have opted out are not sent it."""
    accepted: int
    """How many messages of it this run has accepted."""
    tally: Tally | None
    """How they do by their target; None: there is none."""
    duplicate_window_s: float | None
    """How long the same is a duplicate after it was accepted; None: it never is."""
    duplicate_action: Literal["refuse", "merge"]
    """What becomes of it then: `refuse` or `merge`."""


class TypeViews:
    """Shows the types; `accepted` and `tallies` count by name."""

    def __init__(
        self,
        config: Config,
        *,
        accepted: Mapping[str, int],
        tallies: Callable[[], Mapping[str, Tally]],
    ) -> None:
        self._config = config
        self._accepted = accepted
        self._tallies = tallies

    def follow(self, config: Config) -> Rest:
        """See Follower."""
        self._config = config
        return nothing_left()

    def all(self) -> list[TypeView]:
        """Every type, what is most urgent first."""
        found = [self._view(name, policy) for name, policy in self._config.type.by_name().items()]
        return sorted(found, key=lambda view: view.policy.priority)

    def one(self, name: str) -> TypeView:
        """One type. Raises NotFound."""
        policy = self._config.type.by_name().get(name)
        if policy is None:
            known = ", ".join(self._config.type.by_name())
            raise NotFound(f"there is no type {name!r}; there is {known}")
        return self._view(name, policy)

    def _view(self, name: str, policy: TypeSection) -> TypeView:
        duplicates = self._config.duplicates
        window_s = duplicates.window_seconds if name in duplicates.types else 0
        return TypeView(
            name=name,
            policy=policy,
            respects_opt_out=self._config.type.respects_opt_out(name),
            accepted=self._accepted.get(name, 0),
            tally=self._tallies().get(name),
            duplicate_window_s=window_s or None,
            duplicate_action=duplicates.action,
        )
