"""Fixtures of the virtual bank's tests."""

from __future__ import annotations

import pytest
from labs.bench import Lab


@pytest.fixture
def lab() -> Lab:
    return Lab()
