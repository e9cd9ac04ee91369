"""From a PDU that a modem offers to an inbound message."""
