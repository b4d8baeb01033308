"""Record one scenario from start to end."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .errors import LabError
from .lab import Lab
from .lock import hold_lock
from .mesh import Settings
from .scenarios import SCENARIOS


async def run_scenario(
    name: str,
    out: Path,
    settings: Mapping[str, Any] | None = None,
    timings: Mapping[str, float] | None = None,
) -> None:
    """Record scenario `name` into the new or empty folder `out`. Raises LabError with what to do about it."""
    scenario = SCENARIOS[name]
    unknown = set(timings or {}) - set(scenario.parameters)
    if unknown:
        known = ", ".join(scenario.parameters)
        raise LabError(f"{name} has no timing {', '.join(sorted(unknown))}; it has {known}")
    if out.exists() and any(out.iterdir()):
        raise LabError(f"{out} is not empty: name a new folder")
    values = Settings(**{**scenario.settings, **(settings or {})})
    chosen = {**scenario.parameters, **(timings or {})}
    plan = scenario.plan(values) if scenario.plan else None
    out.mkdir(parents=True, exist_ok=True)
    with hold_lock() as lock:
        async with Lab(name, values, lock, out, plan) as lab:
            lab.parameters = dict(chosen)
            print(f"{name}: the mesh is up after {lab.started_in_s:.2f} s", file=sys.stderr)
            await scenario.tell(lab, **chosen)
    print(f"{name}: recorded in {out}", file=sys.stderr)
