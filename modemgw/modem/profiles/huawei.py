"""Huawei sticks and modules: E1xx to E3xxx, MU, ME."""

from .base import Profile

HUAWEI = Profile(
    name="huawei",
    makers=("huawei",),
    quiet=("AT^CURC=0", "AT^PORTSEL=0"),
    iccid=("AT^ICCID?", "AT+ICCID", "AT+CCID"),
    pin_tries=("AT^CPIN?",),
    cnmi=("2,1,0,1,0", "1,1,0,1,0", "2,1,0,2,0", "1,1,0,2,0"),
    ussd="packed",
    reset=("AT^RESET", "AT+CFUN=1,1", "AT+CFUN=16"),
    boot_s=30,
)
