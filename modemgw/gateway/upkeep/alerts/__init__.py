"""Alerts: what is measured, when it is too much, and who is told."""
