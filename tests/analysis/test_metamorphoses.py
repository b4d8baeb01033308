"""A recorded incident thinned, shuffled, split, cut or with holes gives an answer compatible with that of the whole."""

from __future__ import annotations

import gzip
import random
import shutil
from datetime import timedelta
from pathlib import Path

import pytest

import ingest
from analysis import open_session
from tests.analysis.metamorphoses import HOME, Recording, compare, find_failovers, outside, read, thin

#: Rotating over these covers complete and partial failovers, outages, replicas, and what is none.
QUICK = ("crash_20", "one_pod_out", "flapping", "total_outage", "rolling_restart")
ALL = sorted(path.name for path in (HOME / "tests" / "incidents").iterdir() if path.is_dir())
ALL += ["brownout", "crash", "scale_to_zero"]


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("recordings")


def _thin_faults(recording: Recording, share: float, seed: int, work: Path) -> list[str]:
    found, left = find_failovers(recording, thin(share, seed), work)
    return compare(recording, found, left)


@pytest.mark.parametrize(("name", "share"), [(n, s) for n in QUICK for s in (2 / 3, 0.1, 0.01)][::4])
def test_thinned(name: str, share: float, recordings: Path, tmp_path: Path) -> None:
    assert _thin_faults(read(name, recordings / name), share, 1, tmp_path) == []


def _cut_faults(recording: Recording, at: float, work: Path) -> list[str]:
    """Read the recording in two halves, parted after the share `at` of its requests."""
    border = recording.requests[int(at * (len(recording.requests) - 1))]["start_time"]
    faults = []
    for half, keep in (("second", outside(None, border)), ("first", outside(border, None))):
        found, left = find_failovers(recording, keep, work / half)
        faults += [f"{half} half from {border:%T.%f}: {fault}" for fault in compare(recording, found, left)]
    return faults


@pytest.mark.parametrize("name", QUICK[:2])
def test_read_in_two_halves(name: str, recordings: Path, tmp_path: Path) -> None:
    at = random.Random(f"halves of {name}").uniform(0.3, 0.7)
    assert _cut_faults(read(name, recordings / name), at, tmp_path) == []


@pytest.mark.parametrize("name", ["flapping"])
def test_a_hole_anywhere(name: str, recordings: Path, tmp_path: Path) -> None:
    recording = read(name, recordings / name)
    chance = random.Random(f"hole in {name}")
    since = recording.requests[chance.randrange(len(recording.requests) * 3 // 4)]["start_time"]
    found, _ = find_failovers(recording, outside(since, since + timedelta(seconds=3)), tmp_path)
    # What the hole hides was there all the same.
    assert compare(recording, found, recording.requests) == []


def test_lines_shuffled_and_split_over_ten_files(tmp_path: Path) -> None:
    home = HOME / "tests" / "incidents" / "crash_20"
    changed = tmp_path / "changed"
    shutil.copytree(home, changed)
    (log,) = (changed / "cluster1" / "ingress").iterdir()
    content = log.read_bytes()
    lines = (gzip.decompress(content) if log.suffix == ".gz" else content).splitlines(keepends=True)
    log.unlink()
    random.Random(3).shuffle(lines)
    for n in range(10):
        (log.parent / f"ingress-1.log.{n}").write_bytes(b"".join(lines[n::10]))
    answers = []
    for n, folder in enumerate((home, changed)):
        parsed = ingest.parse([str(folder)], folder=tmp_path / f"parsed-{n}", workers=1)
        with open_session(parsed) as session:
            failovers = session.sql("SELECT * FROM failovers").to_pylist()
            events = session.sql("SELECT event, earliest, latest, until_latest, requests, failed FROM failover_events")
            answers.append((failovers, events.to_pylist()))
    assert len(answers[0][0]) == 1
    assert answers[1] == answers[0]


@pytest.mark.soak
@pytest.mark.parametrize("name", ALL)
def test_changed_in_many_ways(name: str, recordings: Path, tmp_path: Path) -> None:
    recording = read(name, recordings / name)
    faults = []
    for seed in range(5):
        for share in (2 / 3, 0.1, 0.01):
            faults += [f"{share:.2f}, seed {seed}: {f}" for f in _thin_faults(recording, share, seed, tmp_path)]
    chance = random.Random(f"cuts of {name}")
    for n in range(20):
        faults += _cut_faults(recording, chance.uniform(0.05, 0.95), tmp_path / f"cut-{n}")
    assert faults == []
