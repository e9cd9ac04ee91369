"""Sierra Wireless modules on Qualcomm chips (MC, EM)."""

from .base import Profile

SIERRA = Profile(
    name="sierra",
    makers=("sierra",),
    iccid=("AT!ICCID?", "AT+ICCID", "AT+CCID"),
    pin_tries=("AT+CPINC?",),
    cnmi=("2,1,0,1,0", "1,1,0,1,0"),
    reset=("AT!RESET", "AT+CFUN=1,1"),
    boot_s=40,
)
