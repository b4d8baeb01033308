"""Every test of the store has a world of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.store.world import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Return an empty one."""
    return World(tmp_path)
