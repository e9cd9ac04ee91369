"""Quectel modules.

Stored status reports are announced with the wrong memory's name and reading that slot may give
another message: reports must come directly (ds=1).
"""

from .base import Profile
from .simcom import MEDIATEK_ERRORS

QUECTEL_2G = Profile(
    name="quectel-2g",
    makers=("quectel",),
    models=(*(f"m{n}" for n in range(1, 10)), "mc2", "mc6", "mc9"),
    quiet=("AT+QSCLK=0",),
    iccid=("AT+QCCID", "AT+CCID"),
    cnmi=("2,1,0,1,0",),
    boot_s=20,
    cms_errors=MEDIATEK_ERRORS,
)

QUECTEL = Profile(
    name="quectel",
    makers=("quectel",),
    quiet=("AT+QSCLK=0", 'AT+QURCCFG="urcport","usbat"'),
    iccid=("AT+QCCID", "AT+CCID", "AT+ICCID"),
    pin_tries=('AT+QPINC="SC"', "AT+QPINC?"),
    cnmi=("2,1,0,1,0", "1,1,0,1,0"),
    boot_s=30,
)
