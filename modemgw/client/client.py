"""The asynchronous client: all calls of the API."""

from __future__ import annotations

from modemgw.client.alerts import Alerts
from modemgw.client.batches import Batches
from modemgw.client.consents import Consents
from modemgw.client.fleet import Fleet
from modemgw.client.incoming import Incoming
from modemgw.client.keys import Keys
from modemgw.client.outgoing import Outgoing
from modemgw.client.spending import Spending
from modemgw.client.templates import Templates
from modemgw.client.usage import Usage
from modemgw.client.verifications import Verifications
from modemgw.client.webhooks import Webhooks


class Client(
    Outgoing,
    Batches,
    Incoming,
    Consents,
    Webhooks,
    Templates,
    Fleet,
    Alerts,
    Usage,
    Spending,
    Verifications,
    Keys,
):
    """The HTTP API of a gateway.

        async with Client("http://127.0.0.1:8080", key) as client:
            message = await client.send("+447700900001", "Hello", wait=30)
            print(message.status)

    Every call raises ApiError, by its kind, for an answer that is an error, and Unreachable for
    none. What can be repeated without being done twice is tried again (see Retry). It is for one
    event loop; SyncClient is for everything else.
    """
