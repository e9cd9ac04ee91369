"""Siemens, Cinterion, Gemalto and Thales modules: reports are stored, and bfr must be 1 on 2G."""

from types import MappingProxyType

from ..error_tables import ErrorClass, Row, config, message, same, storage
from .base import Profile

CINTERION = Profile(
    name="cinterion",
    makers=("cinterion", "siemens", "gemalto", "thales"),
    quiet=("AT^SSDA=0", "AT^SCKS=1"),
    iccid=("AT^SCID", "AT+CCID"),
    pin_tries=("AT^SPIC",),
    cnmi=("2,1,0,2,1", "1,1,0,2,1", "2,1,0,2,0"),
    boot_s=30,
    probe=None,
    cms_errors=MappingProxyType(
        {
            512: same(5, "aborted by the user"),
            513: storage("unable to store"),
            514: config("invalid status"),
            515: message("invalid character in the address"),
            516: message("invalid length"),
            517: message("invalid character in the PDU"),
            519: message("invalid length or character"),
            520: message("invalid character in the text"),
            521: Row(ErrorClass.AMBIGUOUS, "timer expired"),
            522: same(10, "operation temporarily not allowed"),
            532: same(5, "SIM not ready"),
            534: storage("cell broadcast error"),
            535: same(5, "protocol stack busy"),
            538: message("invalid parameter"),
            549: message("incorrect PDU length"),
            550: message("incorrect message type indicator"),
            551: message("bad character in the address"),
            553: message("incorrect user data length"),
            554: message("incorrect service centre address length"),
            615: same(60, "network failure", other=True),
            616: same(60, "network is down", other=True),
        }
    ),
)
