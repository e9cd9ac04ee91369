"""What must survive a crash: SQLite in WAL mode with one writer. Knows no policy."""

from modemgw.store.attempts import AttemptKey, Submission
from modemgw.store.database import FILE_NAME, Store
from modemgw.store.deliveries import Delivery, DeliveryQuery, DeliveryState, Payload
from modemgw.store.errors import StoreConflict, StoreError, StoreUnavailable
from modemgw.store.events import AnsweredBefore
from modemgw.store.inbound import InboundQuery
from modemgw.store.keys import SCOPES, KeyRow, create_key, list_keys, revoke_key
from modemgw.store.messages import MessageQuery
from modemgw.store.opening import connect
from modemgw.store.writer import Transaction

__all__ = [
    "FILE_NAME",
    "SCOPES",
    "AnsweredBefore",
    "AttemptKey",
    "Delivery",
    "DeliveryQuery",
    "DeliveryState",
    "InboundQuery",
    "KeyRow",
    "MessageQuery",
    "Payload",
    "Store",
    "StoreConflict",
    "StoreError",
    "StoreUnavailable",
    "Submission",
    "Transaction",
    "connect",
    "create_key",
    "list_keys",
    "revoke_key",
]
