"""What looks like a failover and is none: nobody may report one here."""

from __future__ import annotations

from .lab import Lab
from .pods import Mood
from .registry import scenario


@scenario(settings={"canary_pods": 2})
async def canary_shift(lab: Lab, *, healthy_s: float = 10, step_s: float = 10, settle_s: float = 10) -> None:
    """A second version (subset v2, pods of its own in cluster1) gets 10, 50 and at last 100 percent."""
    await lab.wait(healthy_s / 2)
    await lab.snapshot("before")
    await lab.wait(healthy_s / 2)
    for percent in (10, 50, 100):
        lab.note(f"subset v2 gets {percent}% of the requests")
        await lab.send_to_canary(percent)
        await lab.wait(step_s)
    await lab.wait(settle_s)


@scenario()
async def rolling_restart(
    lab: Lab,
    *,
    healthy_s: float = 10,
    restart_s: float = 3,
    step_s: float = 15,
    settle_s: float = 20,
    limit_s: float = 60,
) -> None:
    """The pods of cluster1 restart one after another and refuse connections meanwhile; endpoints stay listed."""
    await lab.wait(healthy_s / 2)
    await lab.snapshot("before")
    await lab.wait(healthy_s / 2)
    for pod in lab.local:
        lab.note(f"{pod.spec.name} restarts: connections are refused", fault=True)
        pod.refuse()
        await lab.wait(restart_s)
        await pod.listen()
        lab.note(f"{pod.spec.name} accepts connections again", restored=True)
        await lab.wait(step_s - restart_s)
    await lab.settle(settle_s, limit_s + settle_s)


@scenario()
async def client_errors(lab: Lab, *, healthy_s: float = 10, storm_s: float = 15, settle_s: float = 20) -> None:
    """For a while the pods of cluster1 answer 404 and 429 to everything: the clients' fault, not the mesh's."""
    await lab.wait(healthy_s / 2)
    await lab.snapshot("before")
    await lab.wait(healthy_s / 2)
    lab.note("the pods of cluster1 answer 404 or 429 from now on")
    for pod in lab.local:
        pod.mood = Mood.REJECT
    await lab.wait(storm_s)
    for pod in lab.local:
        pod.mood = Mood.ANSWER
    lab.note("the pods of cluster1 answer 200 again")
    await lab.wait(settle_s)


@scenario()
async def load_drop(
    lab: Lab, *, healthy_s: float = 15, few_s: float = 5, silence_s: float = 20, settle_s: float = 20
) -> None:
    """The clients leave: a tenth of the requests, then none at all; later they return at once."""
    await lab.wait(healthy_s / 2)
    await lab.snapshot("before")
    await lab.wait(healthy_s / 2)
    usual = lab.load.rate
    lab.note("nine of ten clients leave")
    lab.load.rate = usual / 10
    await lab.wait(few_s)
    lab.note("the last clients leave")
    lab.load.rate = 0
    await lab.wait(silence_s)
    lab.note("all clients are back")
    lab.load.rate = usual
    await lab.wait(settle_s)
