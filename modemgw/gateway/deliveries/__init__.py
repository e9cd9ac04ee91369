"""What must reach somebody outside: one durable queue, a file for each way there."""

from modemgw.gateway.deliveries.queue import Deliveries

__all__ = ["Deliveries"]
