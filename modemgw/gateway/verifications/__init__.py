"""Verifications: a code by SMS proves that somebody has a number."""
