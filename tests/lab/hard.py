"""Failovers that are hard to tell: short, partial, repeated, blind, or seen by a gateway that comes and goes."""

from __future__ import annotations

from .lab import Lab
from .registry import scenario


async def _begin(lab: Lab, healthy_s: float) -> None:
    """Let the mesh be healthy, with a snapshot in the middle."""
    await lab.wait(healthy_s / 2)
    await lab.snapshot("before")
    await lab.wait(healthy_s / 2)


async def _crash_local(lab: Lab) -> None:
    lab.note("all pods of cluster1 crash: connections are refused", fault=True)
    for pod in lab.local:
        pod.refuse()


async def _mend_local(lab: Lab) -> None:
    for pod in lab.local:
        await pod.listen()
    lab.note("all pods of cluster1 accept connections again", restored=True)


async def _crash_remote(lab: Lab) -> None:
    lab.note("all pods of cluster2 crash with their sidecars")
    for pod in lab.remote:
        pod.refuse()
    lab.kill_sidecars()


async def _mend_remote(lab: Lab) -> None:
    for pod in lab.remote:
        await pod.listen()
    await lab.restart_sidecars()
    lab.note("all pods of cluster2 serve again")


@scenario()
async def one_pod_out(
    lab: Lab, *, healthy_s: float = 10, down_s: float = 25, settle_s: float = 20, limit_s: float = 60
) -> None:
    """One pod of cluster1 refuses connections for long, its endpoint stays listed; later it returns."""
    await _begin(lab, healthy_s)
    pod = lab.local[0]
    lab.note(f"{pod.spec.name} crashes: connections are refused", fault=True)
    pod.refuse()
    await lab.wait(down_s)
    await pod.listen()
    lab.note(f"{pod.spec.name} accepts connections again", restored=True)
    await lab.settle(settle_s, limit_s + settle_s)


@scenario()
async def remote_first(
    lab: Lab,
    *,
    healthy_s: float = 8,
    apart_s: float = 6,
    down_s: float = 10,
    settle_s: float = 20,
    limit_s: float = 60,
) -> None:
    """Cluster2 dies while nobody needs it, then cluster1; cluster1 returns first, cluster2 last."""
    await _begin(lab, healthy_s)
    await _crash_remote(lab)
    await lab.wait(apart_s)
    await _crash_local(lab)
    await lab.wait(down_s)
    await _mend_local(lab)
    await lab.wait(apart_s)
    await _mend_remote(lab)
    await lab.settle(settle_s, limit_s + settle_s)


@scenario()
async def flapping(
    lab: Lab,
    *,
    healthy_s: float = 8,
    down_s: float = 6,
    up_s: float = 12,
    times: float = 3,
    settle_s: float = 20,
    limit_s: float = 60,
) -> None:
    """All pods of cluster1 crash and return, several times over."""
    await _begin(lab, healthy_s)
    for turn in range(int(times)):
        await _crash_local(lab)
        await lab.wait(down_s)
        await _mend_local(lab)
        if turn + 1 < times:
            await lab.wait(up_s)
    await lab.settle(settle_s, limit_s + settle_s)


@scenario(settings={"replicas": 3})
async def scale_in(
    lab: Lab, *, healthy_s: float = 10, down_s: float = 14, settle_s: float = 20, limit_s: float = 60
) -> None:
    """All pods of cluster1 crash in front of three ingress replicas; the third is scaled in meanwhile."""
    await _begin(lab, healthy_s)
    await _crash_local(lab)
    await lab.wait(down_s / 2)
    lab.note("ingress-3 is scaled in: it gets no more requests, then ends")
    await lab.stop_ingress(3)
    await lab.wait(down_s / 2)
    await _mend_local(lab)
    await lab.settle(settle_s, limit_s + settle_s)


@scenario()
async def ingress_restart(
    lab: Lab,
    *,
    healthy_s: float = 10,
    down_s: float = 16,
    pause_s: float = 1,
    settle_s: float = 20,
    limit_s: float = 60,
) -> None:
    """All pods of cluster1 crash, and the only ingress gateway is restarted meanwhile: it forgets its ejections."""
    await _begin(lab, healthy_s)
    await _crash_local(lab)
    await lab.wait(down_s / 2)
    lab.note("ingress-1 ends")
    await lab.stop_ingress(1, leave=False)
    await lab.wait(pause_s)
    await lab.start_ingress(1)
    lab.note("ingress-1 serves again")
    await lab.wait(down_s / 2)
    await _mend_local(lab)
    await lab.settle(settle_s, limit_s + settle_s)


@scenario()
async def eastwest_restart(
    lab: Lab,
    *,
    healthy_s: float = 10,
    down_s: float = 20,
    pause_s: float = 0.5,
    settle_s: float = 20,
    limit_s: float = 60,
) -> None:
    """All pods of cluster1 crash; while cluster2 serves, its east-west gateway is restarted."""
    await _begin(lab, healthy_s)
    await _crash_local(lab)
    await lab.wait(down_s / 3)
    lab.note("the east-west gateway of cluster2 ends")
    await lab.restart_east_west(pause_s)
    lab.note("the east-west gateway of cluster2 serves again")
    await lab.wait(down_s * 2 / 3)
    await _mend_local(lab)
    await lab.settle(settle_s, limit_s + settle_s)


@scenario()
async def eastwest_killed(
    lab: Lab,
    *,
    healthy_s: float = 6,
    down_s: float = 18,
    pause_s: float = 0.5,
    settle_s: float = 6,
    limit_s: float = 60,
) -> None:
    """All pods of cluster1 crash; while cluster2 serves, its east-west gateway is killed: lines are never written."""
    await _begin(lab, healthy_s)
    await _crash_local(lab)
    await lab.wait(down_s / 3)
    lab.note("the east-west gateway of cluster2 is killed")
    await lab.kill_east_west(pause_s)
    lab.note("another east-west gateway of cluster2 serves at its address")
    await lab.wait(down_s * 2 / 3)
    await _mend_local(lab)
    await lab.settle(settle_s, limit_s + settle_s)


@scenario(settings={"connect_timeout_s": 5.0, "client_timeout_s": 2.0})
async def black_hole(
    lab: Lab,
    *,
    healthy_s: float = 10,
    down_s: float = 20,
    pods: float = 3,
    settle_s: float = 20,
    limit_s: float = 60,
) -> None:
    """Pods of cluster1 freeze: packets to them vanish. Clients give up long before Envoy does."""
    await _begin(lab, healthy_s)
    frozen = lab.local[: int(pods)]
    lab.note(f"{', '.join(pod.spec.name for pod in frozen)}: frozen, packets to them vanish", fault=True)
    for pod in frozen:
        pod.freeze()
    await lab.wait(down_s)
    for pod in frozen:
        await pod.thaw()
    lab.note(f"{', '.join(pod.spec.name for pod in frozen)}: back after a reboot", restored=True)
    await lab.settle(settle_s, limit_s + settle_s)
