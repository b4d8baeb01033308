"""What can go wrong in a mesh, one function per story, its timings as parameters (seconds).

A scenario gets a running `Lab` with traffic on. It says what it does with `lab.note`, and ends when the story
is told. More of them: `hard` holds failovers that are hard to tell, `calm` what looks like one and is none.
"""

from __future__ import annotations

from . import calm, hard
from .lab import Lab
from .noise import plan_noise
from .pods import Mood
from .registry import SCENARIOS, Scenario, scenario

__all__ = ["SCENARIOS", "Scenario", "calm", "hard", "scenario"]


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
    lab: Lab, *, healthy_s: float = 10, down_s: float = 12, settle_s: float = 33, limit_s: float = 60
) -> None:
    """All pods of cluster1 crash (connections refused), their endpoints stay listed; later they return."""
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


@scenario()
async def brownout(
    lab: Lab,
    *,
    healthy_s: float = 10,
    step_s: float = 5,
    down_s: float = 12,
    settle_s: float = 33,
    limit_s: float = 60,
) -> None:
    """The pods of cluster1 begin to answer 503, one after another, and recover one after another."""
    await lab.wait(healthy_s / 2)
    await lab.snapshot("before")
    await lab.wait(healthy_s / 2)
    for pod in lab.local:
        lab.note(f"{pod.spec.name} answers 503 from now on", fault=True)
        pod.mood = Mood.FAIL
        await lab.wait(step_s)
    await lab.wait(down_s / 2)
    await lab.snapshot("during")
    await lab.wait(down_s / 2)
    for pod in lab.local:
        lab.note(f"{pod.spec.name} answers 200 again", restored=True)
        pod.mood = Mood.ANSWER
        await lab.wait(step_s / 2)
    await lab.settle(settle_s, limit_s + settle_s)
    await lab.snapshot("after")


@scenario(settings={"route_timeout_s": 1.0})
async def slow(
    lab: Lab, *, healthy_s: float = 8, down_s: float = 14, settle_s: float = 33, limit_s: float = 60
) -> None:
    """One pod of cluster1 accepts requests and never answers: they run into the route's timeout (504)."""
    await lab.wait(healthy_s / 2)
    await lab.snapshot("before")
    await lab.wait(healthy_s / 2)
    pod = lab.local[0]
    lab.note(f"{pod.spec.name} accepts requests but answers none", fault=True)
    pod.mood = Mood.HANG
    await lab.wait(down_s / 2)
    await lab.snapshot("during")
    await lab.wait(down_s / 2)
    lab.note(f"{pod.spec.name} answers again", restored=True)
    pod.mood = Mood.ANSWER
    await lab.settle(settle_s, limit_s + settle_s)
    await lab.snapshot("after")


@scenario()
async def total_outage(
    lab: Lab,
    *,
    healthy_s: float = 8,
    apart_s: float = 5,
    down_s: float = 8,
    alone_s: float = 14,
    settle_s: float = 33,
    limit_s: float = 60,
) -> None:
    """The pods of cluster1 crash, then those of cluster2 with their sidecars; both return, cluster2 first."""
    await lab.wait(healthy_s / 2)
    await lab.snapshot("before")
    await lab.wait(healthy_s / 2)
    lab.note("all pods of cluster1 crash: connections are refused", fault=True)
    for pod in lab.local:
        pod.refuse()
    await lab.wait(apart_s)
    lab.note("all pods of cluster2 crash with their sidecars: nobody can serve")
    for pod in lab.remote:
        pod.refuse()
    lab.kill_sidecars()
    await lab.wait(down_s / 2)
    await lab.snapshot("during")
    await lab.wait(down_s / 2)
    for pod in lab.remote:
        await pod.listen()
    await lab.restart_sidecars()
    lab.note("all pods of cluster2 serve again")
    await lab.wait(alone_s)
    for pod in lab.local:
        await pod.listen()
    lab.note("all pods of cluster1 accept connections again", restored=True)
    await lab.settle(settle_s, limit_s + settle_s)
    await lab.snapshot("after")


@scenario(plan=plan_noise)
async def client_noise(
    lab: Lab, *, healthy_s: float = 8, down_s: float = 8, settle_s: float = 33, limit_s: float = 60
) -> None:
    """A crash among odd clients: quotes, raw bytes, forged log lines, hang-ups, gRPC, what is not HTTP."""
    await crash(lab, healthy_s=healthy_s, down_s=down_s, settle_s=settle_s, limit_s=limit_s)
