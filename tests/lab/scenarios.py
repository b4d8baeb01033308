"""What can go wrong in a mesh, one function per story, its timings as parameters (seconds).

A scenario gets a running `Lab` with traffic on. It says what it does with `lab.note`, and ends when the story is told.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from .lab import Lab
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


@scenario()
async def scale_to_zero(
    lab: Lab, *, healthy_s: float = 10, down_s: float = 16, settle_s: float = 33, limit_s: float = 60
) -> None:
    """The deployment in cluster1 is scaled to zero and later back: endpoints leave and return by EDS."""
    await lab.wait(healthy_s / 2)
    await lab.snapshot("before")
    await lab.wait(healthy_s / 2)
    lab.note("deployment frontend in cluster1 scaled to 0: its endpoints are removed", fault=True)
    lab.list_endpoints([])
    await lab.wait(1)
    for pod in lab.local:
        pod.refuse(abort=False)
    lab.note("the pods of cluster1 have ended")
    await lab.wait(down_s / 2 - 1)
    await lab.snapshot("during")
    await lab.wait(down_s / 2)
    for pod in lab.local:
        await pod.listen()
    lab.note("deployment frontend in cluster1 scaled to 3: its endpoints are back", restored=True)
    lab.list_endpoints(lab.local)
    await lab.settle(settle_s, limit_s + settle_s)
    await lab.snapshot("after")


@scenario()
async def crash(
    lab: Lab, *, healthy_s: float = 10, down_s: float = 16, settle_s: float = 33, limit_s: float = 60
) -> None:
    """All pods of cluster1 crash (connections refused) while their endpoints stay listed, and later return."""
    await lab.wait(healthy_s / 2)
    await lab.snapshot("before")
    await lab.wait(healthy_s / 2)
    lab.note("all pods of cluster1 crash: connections are refused", fault=True)
    for pod in lab.local:
        pod.refuse()
    await lab.wait(down_s / 2)
    await lab.snapshot("during")
    await lab.wait(down_s / 2)
    for pod in lab.local:
        await pod.listen()
    lab.note("all pods of cluster1 accept connections again", restored=True)
    await lab.settle(settle_s, limit_s + settle_s)
    await lab.snapshot("after")
