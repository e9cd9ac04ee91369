"""modemgw: an on-premise SMS gateway for a bank of USB GSM modems."""

__version__ = "0.1.0"
