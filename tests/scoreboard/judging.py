"""One incident judged: what hopline found beside what must be found."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import analysis
import ingest
from tests.scoreboard.cuts import derive
from tests.scoreboard.expectations import INSTANTS, Expected, Incident
from tests.scoreboard.truth import Moment, find_instants, read_record

#: A client reads its clock a moment before Envoy does when it sends, and a moment after when it has its answer.
NEXT_DOOR = timedelta(milliseconds=5)
#: An interval may be this many gaps wide, and as much wider as the log's clock is coarse.
GAPS = 3
RESOLUTION = timedelta(milliseconds=2)


@dataclass(frozen=True)
class Mark:
    """How one fact was told: whether rightly, and in short what was said (and should have been)."""

    ok: bool
    text: str


@dataclass(frozen=True)
class Verdict:
    """One failover, expected or invented, with a mark for every fact: kind, trigger, flags and instants."""

    proxy: str
    marks: Mapping[str, Mark]

    @property
    def ok(self) -> bool:
        """True when nothing is wrong."""
        return all(mark.ok for mark in self.marks.values())


@dataclass(frozen=True)
class Result:
    """One incident: how many failovers were found of how many, and a verdict on each."""

    incident: Incident
    found: int
    verdicts: tuple[Verdict, ...]

    @property
    def ok(self) -> bool:
        """True when none is missed, none invented, and nothing is wrong."""
        return self.found == len(self.incident.failovers) and all(one.ok for one in self.verdicts)

    @property
    def faults(self) -> list[str]:
        """Return what is wrong, a line each."""
        count = f"{self.found} failovers found, not {len(self.incident.failovers)}"
        wrong = [] if self.found == len(self.incident.failovers) else [count]
        return wrong + [
            f"{one.proxy}: {name}: {mark.text}"
            for one in self.verdicts
            for name, mark in one.marks.items()
            if not mark.ok
        ]


def judge_incident(incident: Incident, *, inventory: bool = True) -> Result:
    """Run hopline over one incident and judge what it says. Without `inventory` it gets access logs only."""
    record = read_record(incident.folder)
    with tempfile.TemporaryDirectory(prefix="hopline-score-") as name:
        folder, kept = incident.folder, None
        if incident.cut:
            assert record.fault_at
            folder = Path(name) / "derived"
            kept = derive(incident.folder, folder, incident.cut, record.fault_at)
        found = find_failovers(folder, Path(name) / "parsed", inventory=inventory)
    number = len(found)
    verdicts = []
    for expected in incident.failovers:
        mine = next((one for one in found if one["proxy"] == expected.proxy), None)
        # A hole in the log hides what was there all the same; a thin log only tells of the requests in it.
        whole = incident.cut is not None and incident.cut.kind == "gap"
        truth = find_instants(record, expected, kept, whole=whole)
        # Where neither an inventory nor a log of the other gateway names the other cluster, nobody can.
        seconds = [expected.secondary] if inventory else [expected.secondary, "remote"]
        verdicts.append(_judge(mine, expected, seconds, truth))
        found = [one for one in found if one is not mine]
    verdicts += [Verdict(one["proxy"], {"found": Mark(ok=False, text=_tell(one))}) for one in found]
    return Result(incident, number, tuple(verdicts))


def find_failovers(folder: Path, work: Path, *, inventory: bool = True) -> list[dict[str, Any]]:
    """Return the rows of `failovers` of one incident folder."""
    work.mkdir()
    logs = [str(folder)] if inventory else [str(path) for path in sorted(folder.glob("cluster*"))]
    parsed = ingest.parse(logs, folder=work, workers=1)
    with analysis.open_session(parsed) as session:
        rows: list[dict[str, Any]] = session.sql("SELECT * FROM failovers ORDER BY failover_id").to_pylist()
    return rows


def _judge(
    row: Mapping[str, Any] | None,
    expected: Expected,
    seconds: Sequence[str | None],
    truth: Mapping[str, Moment | None],
) -> Verdict:
    if row is None:
        return Verdict(expected.proxy, {"found": Mark(ok=False, text=f"missed: {expected.kind}")})
    marks = {
        "groups": _same(f"{row['primary']} -> {row['secondary']}", [f"{expected.primary} -> {one}" for one in seconds]),
        "kind": _same(row["kind"], [expected.kind]),
        "trigger": _same(row["trigger"], expected.trigger),
        "open at end": _same(row["open_at_end"], [expected.open_at_end]),
        "began before start": _same(row["began_before_start"], [expected.began_before_start]),
    }
    for name in INSTANTS:
        low, high = row[f"{name}_earliest"], row[f"{name}_latest"]
        if name in expected.unjudged:
            marks[name] = Mark(ok=True, text="not judged")
        else:
            marks[name] = judge_instant(low, high, truth[name])
    return Verdict(expected.proxy, marks)


def _same(said: object, right: Sequence[object]) -> Mark:
    ok = said in right
    return Mark(ok, str(said) if ok else f"{said}, not {' or '.join(map(str, right))}")


def judge_instant(low: datetime | None, high: datetime | None, truth: Moment | None) -> Mark:
    """Judge one interval: it must hold the truth, and be no wider than GAPS gaps between the requests around it."""
    if low is None or high is None:
        return Mark(truth is None, "-" if truth is None else f"missing, was {truth.at:%H:%M:%S.%f}")
    if truth is None:
        return Mark(ok=False, text=f"invented {low:%H:%M:%S.%f}")
    width, limit = high - low, GAPS * truth.gap + RESOLUTION
    said = f"{_ms(width)} of {_ms(limit)}"
    if truth.at < low - NEXT_DOOR:
        return Mark(ok=False, text=f"{_ms(low - truth.at)} ms late ({said})")
    if truth.at > high + NEXT_DOOR:
        return Mark(ok=False, text=f"{_ms(truth.at - high)} ms early ({said})")
    return Mark(width <= limit, said if width <= limit else f"too wide: {said}")


def _ms(time: timedelta) -> str:
    return f"{time / timedelta(milliseconds=1):.0f}"


def _tell(row: Mapping[str, Any]) -> str:
    return f"invented: {row['kind']}, {row['trigger']}, {row['primary']} -> {row['secondary']}"
