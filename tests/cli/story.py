"""Sessions over simulated logs, for tests of what is drawn of them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from analysis import Options, Session, open_session
from tests.analysis import simulate


def crash(t: float, chance: random.Random) -> dict[str, Any]:
    """Refuse connections from 10 s on, probe once at 20 s, come back from 32 s to 40 s."""
    if t < 10 or t > 40:
        return simulate.healthy(t, chance)
    if t < 10.8 or 20 < t < 21:
        return simulate.failed() if chance.random() < 0.5 else simulate.remote()
    if t > 32 and chance.random() < 0.7:
        return simulate.healthy(t, chance)
    return simulate.remote()


@contextmanager
def open_story(folder: Path, behave: Any = crash, *, until: float = 90, **values: Any) -> Iterator[Session]:
    """Yield a session over 100 requests a second that `behave` so."""
    files = simulate.write(folder, simulate.traffic(100, until, behave, **values))
    with open_session(files, Options()) as session:
        yield session
