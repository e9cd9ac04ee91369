"""The rule that a route carries the message: the one that it names, else the first that matches.

Of the type's own routes, where it has any.
"""

from __future__ import annotations

from functools import lru_cache, partial

from modemgw.config import Config
from modemgw.gateway.admission.rule import Addressee, Check, Draft, Rule, unknown
from modemgw.gateway.errors import FieldProblem, Rejected
from modemgw.gateway.outgoing import routes


class RouteRule(Rule):
    """Chooses each recipient's route."""

    def configure(self, config: Config) -> None:
        """See Rule."""
        self._ids = {route.id for route in config.routes}
        self._matching = lru_cache(256)(partial(routes.matching, config))

    def common(self, draft: Draft) -> None:
        """See Rule."""
        named = draft.new.route
        if named is not None and named not in self._ids:
            raise Rejected([unknown("route", named, self._ids)])

    def each(self, draft: Draft) -> Check:
        """See Rule."""
        new = draft.new
        matching: routes.Matching
        if new.route is not None:
            matching = [((), new.route)]
        else:
            matching = self._matching(type=new.type, key=draft.request.key, tags=new.tags)

        def choose(one: Addressee) -> None:
            route = routes.first(matching, one.to)
            if route is None:
                problem = f"no route is configured that carries a {new.type} message there"
                raise Rejected([FieldProblem("to", problem, "unroutable")])
            one.route = route

        return choose
