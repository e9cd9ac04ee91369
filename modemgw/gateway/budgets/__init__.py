"""Budgets: what is reserved at acceptance, settled at the end, and told of on the way."""
