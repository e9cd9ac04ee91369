"""A bank of virtual modems on pseudo-terminals, and the network behind it, for demo and tests.

Written from V.250, TS 27.005 and TS 27.007; shares nothing with the code that drives modems but
the SMS codec, so that a mistake on one side cannot cancel out on the other.
"""

from modemgw.virtual.bank import Bank
from modemgw.virtual.port import PortError
from modemgw.virtual.settings import BankSettings
from modemgw.virtual.sim import Sim
from modemgw.virtual.traffic import AcceptedPart, Message

__all__ = ["AcceptedPart", "Bank", "BankSettings", "Message", "PortError", "Sim"]
