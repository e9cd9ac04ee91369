"""Telit modules."""

from .base import Profile

TELIT = Profile(
    name="telit",
    makers=("telit",),
    quiet=("AT+CFUN=1",),
    iccid=("AT#CCID", "AT+CCID", "AT+ICCID"),
    pin_tries=("AT#PCT",),
    cnmi=("2,1,0,1,0",),
    reset=("AT#REBOOT", "AT#ENHRST=1,0", "AT+CFUN=1,1"),
    boot_s=40,
    probe=None,
    gap_s=0.02,
)
