"""ZTE sticks. AT+CPMS? ends the flood of +ZUSIMR:2 that otherwise wedges the port."""

from .base import Profile

ZTE = Profile(
    name="zte",
    makers=("zte",),
    quiet=("AT+CPMS?", "AT+ZOPRT=5"),
    iccid=("AT+ZGETICCID", "AT+ICCID", "AT+CCID"),
    cnmi=("1,1,0,1,0", "2,1,0,1,0", "1,1,0,2,0"),
)
