"""`modemgw doctor`: what is wrong with an installation, and what to do about it.

A file for each thing that is looked at; each check is a function that yields findings.
"""
