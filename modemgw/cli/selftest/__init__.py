"""`modemgw selftest`: every SIM writes to others of the bank, and what arrives is compared."""
