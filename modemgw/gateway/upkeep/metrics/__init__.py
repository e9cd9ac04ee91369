"""The gateway's figures for Prometheus.

No number, text or id of a message is in a label: what they name is configured, or is a SIM, a type,
a state or a class, so there are as many series as there are of those.
"""

from modemgw.gateway.upkeep.metrics.figures import Figures

__all__ = ["Figures"]
