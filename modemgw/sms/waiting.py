"""What waits for the recipient elsewhere, as a message says it: voicemail, fax, e-mail, others."""

from typing import Final

from modemgw.sms.dcs import DataCoding
from modemgw.sms.user_data import UserData
from modemgw.sms.value import value

_KINDS: Final = {0: "voicemail", 1: "fax", 2: "email", 3: "other", 7: "video"}


@value
class Waiting:
    """Messages of a kind that wait: ``count`` is None where only said is that there are any.

    ``store`` False: the message itself is to be thrown away once it was heeded.
    """

    kind: str
    active: bool
    count: int | None
    store: bool
    profile: int


def waiting_of(dcs: DataCoding, user_data: UserData) -> tuple[Waiting, ...]:
    """What a message says of waiting ones; none if it is no message waiting indication.

    By special message indications in the header, of which there may be several (TS 23.040
    9.2.3.24.2), or by TP-DCS, whose word counts for kinds that the header does not name
    (TS 23.038 clause 4). Kinds that are reserved count as other.
    """
    special = user_data.special_messages
    found = [
        Waiting(_KINDS.get(one.kind, "other"), one.count > 0, one.count, one.store, one.profile)
        for one in special
    ]
    by_coding = dcs.mwi
    if by_coding is not None and all(one.kind != by_coding.kind for one in special):
        kind = _KINDS[by_coding.kind]
        found.append(Waiting(kind, by_coding.active, None, by_coding.store, 1))
    return tuple(found)
