"""What the tests are made with: clocks, banks, modems, gateways and daemons, each of one kind.

Every test directory imports them alike: `from labs.bank import bank_of`.
"""
