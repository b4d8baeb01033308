"""Turn recordings into the samples and incidents that are committed, each with a generated answer key."""

from __future__ import annotations

import gzip
import json
import re
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from . import answer_key
from .checks import check_pace, check_recording
from .mesh import Settings
from .run import run_scenario

#: Logs above this size are compressed.
GZIP_ABOVE = 1_500_000


@dataclass(frozen=True)
class Sample:
    """What to record under which name, in which encoding the logs are kept, and which stay uncompressed."""

    scenario: str
    seed: int
    settings: Mapping[str, Any] = field(default_factory=dict)
    timings: Mapping[str, float] = field(default_factory=dict)
    encoding: str = "text"
    plain: bool = False
    gzip_above: int = GZIP_ABOVE
    #: Name of its folder; the scenario's where it is empty.
    called: str = ""
    #: Keep only what judging a failover takes: the gateways' logs, the inventory from before, outlier events.
    brief: bool = False
    #: Keep the logs of all proxies twice: cut while the mesh runs (`live`), and after it has ended (`ended`).
    both_cuts: bool = False

    @property
    def name(self) -> str:
        """Name of its folder."""
        return self.called or self.scenario


#: Every sample has its own seed, so that no request id stands in two of them.
SAMPLES: tuple[Sample, ...] = (
    # Recycled connections: most east-west lines are written in time, the last ones are not. The pods are
    # mended before their second ejection can end: one relapse, then failback.
    Sample("crash", 1, {"max_requests_per_connection": 120, "base_ejection_s": 8.0}, {"down_s": 15.5}, plain=True),
    # Idle connections are closed: every east-west line is written by the time of the cut.
    Sample("scale_to_zero", 2, {"max_requests_per_connection": 100, "idle_timeout_s": 20.0}),
    # The same mesh with logs in Istio's JSON encoding.
    Sample("brownout", 3, {"max_requests_per_connection": 300}, encoding="json", gzip_above=300_000),
)
_SMALL = 20_000


def _brief(scenario: str, seed: int, called: str = "", *, rate: float = 20.0, **values: float) -> Sample:
    """Return a short recording at a low rate; `values` are settings or timings of the scenario."""
    known = {item.name for item in fields(Settings)} - {"pods"}
    settings = {name: value for name, value in values.items() if name in known}
    timings = {"settle_s": 12.0, **{name: value for name, value in values.items() if name not in known}}
    return Sample(scenario, seed, {"rate": rate, **settings}, timings, "text", False, _SMALL, called, True)


INCIDENTS: tuple[Sample, ...] = (
    Sample("total_outage", 4, {"rate": 40.0, "replicas": 2}, gzip_above=_SMALL),
    # Connections are kept open: not one east-west line is written by the time of the cut.
    Sample("slow", 5, {"rate": 40.0}, gzip_above=_SMALL),
    Sample("client_noise", 6, {"rate": 40.0}, gzip_above=_SMALL),
    _brief("crash", 7, "crash_1", rate=1.0, healthy_s=30, down_s=30, settle_s=35),
    _brief("crash", 8, "crash_20", healthy_s=8),
    _brief("crash", 9, "crash_200", rate=200.0, base_ejection_s=3.0, healthy_s=3, down_s=5, settle_s=3),
    _brief("scale_in", 10, rate=30.0),
    _brief("one_pod_out", 11),
    _brief("remote_first", 12),
    _brief("flapping", 13, base_ejection_s=3.0),
    _brief("ingress_restart", 14),
    _brief("eastwest_restart", 15),
    _brief("black_hole", 16),
    _brief("black_hole", 17, "black_hole_one", pods=1),
    _brief("canary_shift", 18),
    _brief("rolling_restart", 19, rate=40.0, base_ejection_s=4.0, step_s=12),
    _brief("client_errors", 20),
    _brief("load_drop", 21),
)
#: Runs for the question which pod answered: connections are recycled, so that some of their lines are written in time.
ATTRIBUTION: tuple[Sample, ...] = tuple(
    Sample(
        scenario,
        seed,
        {"rate": 25.0, "max_requests_per_connection": 30, **settings},
        timings,
        both_cuts=True,
        gzip_above=0,
        called=called,
    )
    for called, scenario, seed, settings, timings in (
        ("three_replicas", "crash", 31, {"replicas": 3}, {"healthy_s": 4, "down_s": 10, "settle_s": 5}),
        ("source_nat", "crash", 32, {"source_nat": 1}, {"healthy_s": 4, "down_s": 10, "settle_s": 5}),
        ("eastwest_killed", "eastwest_killed", 33, {}, {"healthy_s": 4, "down_s": 15, "settle_s": 5}),
    )
)


async def make_samples(samples: Sequence[Sample], out: Path, only: Sequence[str] = ()) -> None:
    """Record `samples` and put each at `out/NAME`, whole or not at all. Raises LabError."""
    for sample in samples:
        if only and sample.name not in only:
            continue
        with tempfile.TemporaryDirectory(prefix="hopline-sample-") as name:
            recording, finished = Path(name) / "recording", Path(name) / "sample"
            await run_scenario(sample.scenario, recording, {**sample.settings, "seed": sample.seed}, sample.timings)
            check_recording(recording)
            check_pace(recording)
            lay_out(sample, recording, finished)
            target = out / sample.name
            shutil.rmtree(target, ignore_errors=True)
            out.mkdir(parents=True, exist_ok=True)
            shutil.copytree(finished, target)
        print(f"{sample.name}: sample in {target}", file=sys.stderr)


def lay_out(sample: Sample, recording: Path, target: Path) -> None:
    """Arrange one recording as a sample: logs by cluster and gateway, inventory, truth, answer key."""
    if sample.both_cuts:
        for cut, folder in (("cut-live", "live"), ("cut-final", "ended")):
            shutil.copytree(recording / cut / sample.encoding, target / folder)
    else:
        shutil.copytree(recording / "cut-live" / sample.encoding, target)
    shutil.copytree(recording / "inventory", target / "inventory")
    if sample.brief:
        shutil.rmtree(target / "cluster2" / "frontend")
        for path in sorted((target / "inventory").rglob("*")):
            if re.search("-(during|after)-", path.name):
                path.unlink()
    for name in ("truth.json", "truth.csv.gz"):
        shutil.copyfile(recording / name, target / name)
    for path in sorted(target.rglob("*.log")):
        if not sample.plain and path.stat().st_size > sample.gzip_above:
            path.with_name(path.name + ".gz").write_bytes(gzip.compress(path.read_bytes(), 9, mtime=0))
            path.unlink()
    truth = json.loads((target / "truth.json").read_text())
    (target / "README.md").write_text(answer_key.render(truth, target))
