"""The running lab: mesh up, traffic on, faults by method call, everything recorded, everything cleaned up."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from . import config, endpoints, mesh, recorder, truth
from .certificates import write_certificates
from .config import Files
from .envoy import FLUSH_MS, EnvoyProcess, envoy_version, find_envoy
from .errors import LabError
from .load import LoadGenerator, Planner, plain_request
from .lock import RunLock, require_free
from .mesh import EAST_WEST, SIDECARS, PodSpec, Settings
from .pods import Pod
from .relay import Relay


class Lab:
    """Two clusters, traffic and a recorder. Use as `async with Lab(...) as lab`; `out` gets the recording."""

    def __init__(self, name: str, settings: Settings, lock: RunLock, out: Path, plan: Planner | None = None) -> None:
        self.name = name
        self.settings = settings
        self.out = out
        self.parameters: dict[str, Any] = {}
        self.started_in_s = 0.0
        self._lock = lock
        self._files = Files(lock.run_dir)
        self._binary = find_envoy()
        self._envoys: dict[str, EnvoyProcess] = {}
        self._actions: list[dict[str, Any]] = []
        self._fault_us: int | None = None
        self._restored_us: int | None = None
        self._versions = 0
        self._killed: list[str] = []
        self._stopped: list[str] = []
        self.pods = {
            spec.name: Pod(spec, settings, settings.service_ms + way_ms)
            for specs, way_ms in (
                ((*settings.local_pods, *settings.canary_specs), 0.0),
                (settings.remote_pods, settings.remote_ms),
            )
            for spec in specs
        }
        self._listed: list[PodSpec] = list(settings.local_pods)
        self._relay = Relay(mesh.LOAD_BALANCER, mesh.EAST_WEST_PORT, (EAST_WEST.address, mesh.EAST_WEST_PORT))
        self.load = LoadGenerator(settings, plan or partial(plain_request, settings.seed))

    async def __aenter__(self) -> Self:
        began = time.monotonic()
        try:
            await self._start()
        except BaseException:
            self._clean_up()
            raise
        self.started_in_s = time.monotonic() - began
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                await self._finish()
        finally:
            self._clean_up()

    # -- the scenario's vocabulary ------------------------------------------------------------------

    @property
    def local(self) -> tuple[Pod, ...]:
        """The pods of cluster1."""
        return tuple(self.pods[pod.name] for pod in self.settings.local_pods)

    @property
    def remote(self) -> tuple[Pod, ...]:
        """The pods of cluster2."""
        return tuple(self.pods[pod.name] for pod in self.settings.remote_pods)

    def note(self, what: str, *, fault: bool = False, restored: bool = False) -> None:
        """Write down that something is done now; the first fault and first repair of cluster1 are anchors."""
        now = time.time_ns() // 1000
        self._actions.append({"at": truth.rfc3339(now), "what": what})
        if fault and self._fault_us is None:
            self._fault_us = now
        if restored and self._restored_us is None:
            self._restored_us = now

    async def wait(self, seconds: float) -> None:
        """Let the traffic run."""
        await asyncio.sleep(seconds)

    async def settle(self, quiet_s: float, limit_s: float) -> None:
        """Wait until cluster1 alone has answered well for `quiet_s`. Raises LabError after `limit_s`."""
        deadline = time.monotonic() + limit_s
        while time.monotonic() - self.load.last_unusual < quiet_s:
            if time.monotonic() > deadline:
                raise LabError(f"{self.name}: not back to normal {limit_s:g} s after the repair")
            await asyncio.sleep(0.1)

    async def snapshot(self, when: str) -> None:
        """Save what every gateway knows now."""
        for name, envoy in self._envoys.items():
            if name != SIDECARS.name:
                await recorder.save_inventory(envoy, when, self._files, self.out / "inventory")

    def list_endpoints(self, local: Sequence[Pod]) -> None:
        """Publish these pods of cluster1 (and the gateway of cluster2) to the ingress gateways."""
        self._listed = [pod.spec for pod in local]
        self._publish_endpoints()

    def kill_sidecars(self) -> None:
        """Kill the sidecars of cluster2 with their pods; lines they had not written yet are lost."""
        self._killed.append(truth.rfc3339(time.time_ns() // 1000))
        self._envoys.pop(SIDECARS.name).kill()

    async def restart_sidecars(self) -> None:
        """Start the sidecars of cluster2 again."""
        await self._launch(SIDECARS)

    async def stop_ingress(self, number: int, *, leave: bool = True) -> None:
        """End replica `number` of the ingress; with `leave` its clients go to the others first."""
        proxy = self.settings.ingresses[number - 1]
        if leave:
            self.load.targets.remove(proxy)
            await self.wait(0.5)
        self._stopped.append(proxy.name)
        self._envoys.pop(proxy.name).stop()

    async def start_ingress(self, number: int) -> None:
        """Start replica `number` of the ingress again; it knows nothing of what it knew before."""
        proxy = self.settings.ingresses[number - 1]
        await self._launch(proxy)
        if proxy not in self.load.targets:
            self.load.targets.append(proxy)

    async def restart_east_west(self, pause_s: float) -> None:
        """End the east-west gateway of cluster2 and start it again `pause_s` later."""
        self._envoys.pop(EAST_WEST.name).stop()
        await self.wait(pause_s)
        await self._launch(EAST_WEST)

    async def kill_east_west(self, pause_s: float) -> None:
        """Kill the east-west gateway of cluster2, lines of open connections with it; start another `pause_s` later."""
        self._envoys.pop(EAST_WEST.name).kill()
        await self.wait(pause_s)
        await self._launch(EAST_WEST)

    async def send_to_canary(self, percent: int) -> None:
        """Change the share of requests that the ingress gateways send to the canary."""
        for proxy in self.settings.ingresses:
            await self._envoys[proxy.name].set_runtime(config.CANARY_KEY, percent)

    # -- start, end -----------------------------------------------------------------------------------

    async def _start(self) -> None:
        settings, files = self.settings, self._files
        proxies = (*settings.ingresses, EAST_WEST, SIDECARS)
        require_free(
            [
                *((proxy.address, mesh.ADMIN_PORT) for proxy in proxies),
                *((proxy.address, mesh.INGRESS_PORT) for proxy in settings.ingresses),
                (EAST_WEST.address, mesh.EAST_WEST_PORT),
                (mesh.LOAD_BALANCER, mesh.EAST_WEST_PORT),
                *((pod.spec.address, mesh.POD_PORT) for pod in self.pods.values()),
                *((pod.address, pod.app_port) for pod in settings.remote_pods),
            ]
        )
        recorder.prepare_folders(files, proxies, settings.remote_pods)
        write_certificates(files.certs, config.WORKLOAD_URIS)
        self._publish_endpoints()
        _replace(files.eds(EAST_WEST), endpoints.discovery(1, endpoints.sni_assignment(settings.remote_pods)))
        for pod in self.pods.values():
            await pod.listen()
        for proxy in settings.ingresses:
            canary = endpoints.outbound_assignment(settings.canary_specs, 0, mesh.CANARY_CLUSTER)
            _replace(files.canary_eds(proxy), endpoints.discovery(1, canary))
            _replace(files.bootstrap(proxy), config.ingress_bootstrap(proxy, settings, files))
        _replace(files.bootstrap(EAST_WEST), config.east_west_bootstrap(settings, files))
        _replace(files.bootstrap(SIDECARS), config.sidecars_bootstrap(settings, files))
        await asyncio.gather(*(self._launch(proxy) for proxy in proxies))
        if settings.source_nat:
            await self._relay.listen()
        self.load.start()

    async def _launch(self, proxy: mesh.Proxy) -> None:
        threads = 2 if proxy.workload == "ingress" else 1
        envoy = EnvoyProcess(self._binary, proxy, self._files.bootstrap(proxy), threads=threads)
        self._envoys[proxy.name] = envoy
        self._lock.remember(one.pid for one in self._envoys.values())
        await envoy.wait_ready()

    def _publish_endpoints(self) -> None:
        self._versions += 1
        assignment = endpoints.outbound_assignment(tuple(self._listed), self.settings.pods, entry=self.settings.entry)
        content = endpoints.discovery(self._versions, assignment)
        for proxy in self.settings.ingresses:
            _replace(self._files.eds(proxy), content)

    async def _finish(self) -> None:
        await self.load.stop_sending()
        self.note("traffic ends")
        counters: dict[str, dict[str, int]] = {}
        for proxy in self.settings.ingresses:
            if proxy.name not in self._envoys:
                continue
            stats = await self._envoys[proxy.name].stats(f"cluster.{mesh.OUTBOUND_CLUSTER}.")
            counters[proxy.name] = {name.split(f"{mesh.SERVICE}.", 1)[1]: value for name, value in stats.items()}
        await self._flushed()
        recorder.cut_logs(self._files, self.out / "cut-live")
        self.load.close()
        # From the client inwards: a proxy that ends closes its connections, and the next writes their lines.
        for proxy in (*self.settings.ingresses, EAST_WEST, SIDECARS):
            if envoy := self._envoys.get(proxy.name):
                envoy.stop()
                await self._flushed()
        recorder.cut_logs(self._files, self.out / "cut-final")
        recorder.save_outlier_events(self._files, (*self.settings.ingresses, EAST_WEST), self.out / "inventory")
        self._write_truth(counters)

    async def _flushed(self) -> None:
        """Wait until Envoy has written out what it holds: no log grows for a few flush intervals."""
        before = recorder.log_sizes(self._files)
        while True:
            await asyncio.sleep(FLUSH_MS * 5 / 1000)
            after = recorder.log_sizes(self._files)
            if after == before:
                return
            before = after

    def _write_truth(self, counters: dict[str, dict[str, int]]) -> None:
        answers = self.load.answers
        if not answers:
            raise LabError("no request was sent: nothing is recorded")
        truth.write_csv(answers, self.out / "truth.csv.gz")
        wanted = ("upstream_rq_total", "upstream_rq_retry", "upstream_rq_retry_success", "outlier_detection.")
        content = {
            "scenario": self.name,
            "service": mesh.SERVICE,
            "service_port": 80,
            "envoy": envoy_version(self._binary),
            "parameters": self.parameters,
            "settings": asdict(self.settings),
            "fault_at": truth.rfc3339(self._fault_us) if self._fault_us else None,
            "restored_at": truth.rfc3339(self._restored_us) if self._restored_us else None,
            "actions": self._actions,
            "sidecars_killed_at": self._killed,
            "ingresses_stopped": self._stopped,
            "late_ms": truth.describe_lateness(self.load.late_ms),
            "counts": truth.count_answers(answers),
            "instants": truth.find_instants(answers, self._fault_us, self._restored_us),
            "failed_bursts": truth.describe_bursts(answers),
            "requests_seen_by_pods": {
                pod.spec.name: {str(status): number for status, number in sorted(pod.seen.items())}
                for pod in self.pods.values()
            },
            "log_lines": {cut: recorder.count_lines(self.out / cut / "text") for cut in ("cut-live", "cut-final")},
            "envoy_counters": {
                proxy: {name: value for name, value in stats.items() if name.startswith(wanted)}
                for proxy, stats in counters.items()
            },
        }
        (self.out / "truth.json").write_text(json.dumps(content, indent=2) + "\n")

    def _clean_up(self) -> None:
        self.load.close()
        for envoy in self._envoys.values():
            envoy.kill()
        self._envoys.clear()
        self._relay.close()
        for pod in self.pods.values():
            pod.refuse()


def _replace(path: Path, content: dict[str, Any]) -> None:
    """Write a file by renaming a finished one into place: Envoy reacts to the move only."""
    aside = path.with_suffix(".new")
    aside.write_text(json.dumps(content, indent=1))
    os.replace(aside, path)
