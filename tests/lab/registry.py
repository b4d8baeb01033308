"""The register of scenarios: what can go wrong in a mesh, one function per story."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from .load import Planner
from .mesh import Settings

Story = Callable[..., Awaitable[None]]


@dataclass(frozen=True)
class Scenario:
    """A story with the settings it needs and, where its clients are odd, their plan."""

    name: str
    tell: Story
    settings: dict[str, Any] = field(default_factory=dict)
    plan: Callable[[Settings], Planner] | None = None

    @property
    def summary(self) -> str:
        """One line of what happens."""
        return (inspect.getdoc(self.tell) or "").splitlines()[0]

    @property
    def parameters(self) -> dict[str, float]:
        """Timings by name with their defaults."""
        found = inspect.signature(self.tell).parameters.values()
        return {one.name: one.default for one in found if one.kind is inspect.Parameter.KEYWORD_ONLY}


SCENARIOS: dict[str, Scenario] = {}


def scenario(**options: Any) -> Callable[[Story], Story]:
    """Register a story under its function's name."""

    def register(tell: Story) -> Story:
        name = tell.__name__
        SCENARIOS[name] = Scenario(name, tell, **options)
        return tell

    return register
