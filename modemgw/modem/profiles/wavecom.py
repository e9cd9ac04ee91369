"""Wavecom modules, also inside Sierra AirPrime GL, Fastrack and Multitech boxes."""

from types import MappingProxyType

from ..error_tables import ErrorClass, Row, other, same
from .base import Profile

WAVECOM = Profile(
    name="wavecom",
    makers=("wavecom", "multitech", "multi-tech", "sierra"),
    models=("wismo", "multiband", "q2", "q24", "fastrack", "m1306", "gl6", "900p", "gsm"),
    quiet=("AT+WIND=0",),
    iccid=("AT+CCID",),
    cnmi=("2,1,0,1,0",),
    boot_s=20,
    cms_errors=MappingProxyType(
        {
            512: same(30, "mobility management could not be established", other=True),
            513: Row(ErrorClass.AMBIGUOUS, "lower layer failure", 30),
            514: other("network error, often a bad service centre or recipient address"),
            515: same(5, "initialisation in progress"),
            519: same(5, "service busy"),
        }
    ),
)
