"""Modems and their SIMs."""
