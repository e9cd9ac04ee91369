"""u-blox modules. They need up to 20 s after enumeration before they answer."""

from .base import Profile

UBLOX = Profile(
    name="u-blox",
    makers=("u-blox", "ublox"),
    quiet=("AT+UPSV=0",),
    iccid=("AT+CCID",),
    pin_tries=("AT+UPINCNT",),
    cnmi=("2,1,0,1,0", "1,1,0,1,0"),
    reset=("AT+CFUN=16", "AT+CFUN=15"),
    boot_s=45,
)
