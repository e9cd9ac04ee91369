"""SIMCom modules: the 2G ones on MediaTek chips, the others on Qualcomm and ASR."""

from types import MappingProxyType

from ..error_tables import barred, message, modem, same, storage
from .base import Profile

MEDIATEK_ERRORS = MappingProxyType(
    {
        512: same(5, "SIM not ready"),
        513: message("message length exceeds the maximum"),
        514: message("invalid request parameters"),
        515: modem("failure of the modem's storage"),
        517: same(10, "invalid service mode"),
        528: same(5, "more message to send state error"),
        529: barred("the SIM may not send SMS"),
        530: same(30, "GPRS suspended"),
        531: storage("the modem's storage is full"),
    }
)

SIMCOM_2G = Profile(
    name="simcom-2g",
    makers=("simcom",),
    models=("sim8", "sim9", "sim300", "sim340"),
    quiet=("AT+CSCLK=0", "AT+GSMBUSY=1"),
    iccid=("AT+CCID", "AT+ICCID"),
    pin_tries=("AT+SPIC",),
    cnmi=("2,1,0,1,0",),
    boot_s=20,
    submit_s=120,
    gap_s=0.1,
    cms_errors=MEDIATEK_ERRORS,
)

SIMCOM = Profile(
    name="simcom",
    makers=("simcom",),
    quiet=("AT+CSCLK=0", "AT+CATR=0", "AT+CNSMOD=0"),
    iccid=("AT+ICCID", "AT+CICCID", "AT+CCID"),
    pin_tries=("AT+SPIC",),
    cnmi=("2,1,0,1,0", "1,1,0,1,0"),
    reset=("AT+CRESET", "AT+CFUN=1,1"),
    boot_s=40,
)
