"""`python -m modemgw`"""

from modemgw.cli import main

main(prog_name="modemgw")
