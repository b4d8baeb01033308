"""Recorded incidents changed in ways whose effect on the answer is known: thinned, cut, with holes.

What is left of a recording has a truth of its own, by the plainest rules: the first request elsewhere that is left, the
last one lost that is left. An answer is compatible with the whole recording's when every instant holds that truth,
and nothing flips for which evidence is left.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

import ingest
from analysis import open_session
from tests.analysis.simulate import Files

HOME = Path(__file__).parents[2]
INSTANTS = ("onset", "first_spill", "full_failover", "last_primary_error", "first_failback", "recovered")
#: A recording's own clock is coarse.
SLACK = timedelta(milliseconds=3)
#: Fewer signs than these may be taken for strays, or be too few to tell a kind.
FEW_SIGNS = 5
#: So many requests at the baseline are asked for before a failover counts as over.
HOLD_DOWN = 20

Row = Mapping[str, Any]
#: Says of a request (a row of `routed`) whether its line is left.
Keep = Callable[[Row], bool]

_ROUTED = """
SELECT r.proxy, r.start_time, r.end_time, r.group_role, r.failed, r.stalled, s.source, r.hop_id & 1099511627775 AS line
FROM routed AS r JOIN source_numbers AS s ON s.source_number = r.hop_id >> 40
ORDER BY r.start_time, r.hop_id
"""


@dataclass(frozen=True)
class Recording:
    """One recorded incident: its parsed files, its requests, and the failovers that hopline finds in all of it."""

    name: str
    files: Files
    table: pa.Table
    requests: Sequence[Row]
    failovers: Sequence[Row]


@cache
def read(name: str, folder: Path) -> Recording:
    """Parse the incident `name` into `folder`, once."""
    home = HOME / "tests" / "incidents" / name
    parsed = ingest.parse([str(home if home.exists() else HOME / "sample_logs" / name)], folder=folder, workers=1)
    names = ("access_log", "rejects", "sources", "inventory", "outlier_events", "mesh_config", "endpoint_counters")
    files = Files(**{each: getattr(parsed, each) for each in names})
    with open_session(files) as session:
        requests = session.sql(_ROUTED).to_pylist()
        failovers = session.sql("SELECT * FROM failovers").to_pylist()
    table = pa.concat_tables([pq.read_table(path) for path in files.access_log])
    return Recording(name, files, table, requests, failovers)


def find_failovers(recording: Recording, keep: Keep, folder: Path) -> tuple[list[Row], list[Row]]:
    """Return what hopline finds when only the requests are left that `keep` says, and those requests.

    Lines of other gateways are left as they are.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lost = {(r["source"], r["line"]) for r in recording.requests if not keep(r)}
    keys = zip(recording.table["source"].to_pylist(), recording.table["line"].to_pylist(), strict=True)
    path = folder / "access_log.parquet"
    pq.write_table(recording.table.filter(pa.array([key not in lost for key in keys])), path)
    with open_session(replace(recording.files, access_log=(path,))) as session:
        found = session.sql("SELECT * FROM failovers").to_pylist()
    return found, [r for r in recording.requests if (r["source"], r["line"]) not in lost]


def thin(share: float, seed: int) -> Keep:
    """Keep each request with the chance `share`."""
    chance = random.Random(seed)
    return lambda row: chance.random() < share


def outside(since: datetime | None, until: datetime | None) -> Keep:
    """Drop the requests that began from `since` to `until`; None is the border of the log."""
    return lambda row: bool(
        (since is not None and row["start_time"] < since) or (until is not None and row["start_time"] >= until)
    )


def compare(recording: Recording, found: Sequence[Row], left: Sequence[Row]) -> list[str]:
    """Return what is not compatible with the whole recording, a line each."""
    faults: list[str] = []
    # A restart that the beginning or the end of the log cuts off may be more than that; else nothing is found that the
    # whole has not.
    invented = [one for one in found if not any(_overlap(one, whole) for whole in recording.failovers)]
    for whole in recording.failovers:
        mine = [row for row in left if row["proxy"] == whole["proxy"]]
        within = [r for r in mine if whole["first_request_at"] <= r["start_time"] <= whole["last_request_at"]]
        matching = [one for one in found if _overlap(one, whole)]
        away = sum(r["group_role"] == "secondary" for r in within)
        if len(matching) > 1 or (not matching and away >= FEW_SIGNS):
            faults.append(f"{whole['proxy']}: {len(matching)} failovers found")
        elif matching:
            faults += [f"{whole['proxy']}: {fault}" for fault in _compare(whole, matching[0], mine, within)]
    cut_off = ("open_at_end", "began_before_start")
    faults += [f"invented: {one['kind']}, {one['trigger']}" for one in invented if not any(one[x] for x in cut_off)]
    return faults


def _compare(whole: Row, one: Row, mine: Sequence[Row], within: Sequence[Row]) -> list[str]:
    faults = [f"{name}: {whole[name]} -> {one[name]}" for name in ("primary",) if one[name] != whole[name]]
    lost = [r for r in within if _is_symptom(r) and r["group_role"] == "primary"]
    away = [r for r in within if r["group_role"] == "secondary"]
    if len(away) >= FEW_SIGNS and one["secondary"] != whole["secondary"]:
        faults.append(f"secondary: {whole['secondary']} -> {one['secondary']}")
    # What is left may show less than the whole; never more, and no other cause. Where it ends before anything went
    # elsewhere, nobody answered.
    ranks = ("partial", "complete", "outage")
    is_cut_short = one["open_at_end"] and not away and one["kind"] == "outage"
    if ranks.index(one["kind"]) > ranks.index(whole["kind"]) and not is_cut_short:
        faults.append(f"kind: {whole['kind']} -> {one['kind']}")
    weaker = {"ejection", "unknown", "no_healthy_upstream"} if len(lost) <= FEW_SIGNS else {"unknown"}
    # A log that begins inside the failover does not hold what set it off, only what was met later.
    if not one["began_before_start"] and one["trigger"] not in {whole["trigger"], *weaker}:
        faults.append(f"trigger: {whole['trigger']} -> {one['trigger']} ({len(lost)} lost)")
    return faults + _compare_borders(whole, one, mine) + _compare_instants(whole, one, within)


def _compare_borders(whole: Row, one: Row, mine: Sequence[Row]) -> list[str]:
    """A failover began within the log when enough of the healthy state comes before it, and ended likewise."""
    faults = []
    first = next((n for n, r in enumerate(mine) if r["start_time"] >= whole["first_request_at"]), len(mine))
    last = next((n for n, r in enumerate(mine) if r["start_time"] > whole["last_request_at"]), len(mine))
    before, after = first, len(mine) - last
    if one["began_before_start"] and before > 10 * HOLD_DOWN:
        faults.append(f"began_before_start, although {before} requests come before")
    if not one["began_before_start"] and not before and one["onset_earliest"] is None:
        faults.append("no onset, although it did not begin before the log")
    if one["open_at_end"] and not whole["open_at_end"] and after > 10 * HOLD_DOWN:
        faults.append(f"open_at_end, although {after} requests come after")
    return faults


def _compare_instants(whole: Row, one: Row, within: Sequence[Row]) -> list[str]:
    away = [r["start_time"] for r in within if r["group_role"] == "secondary"]
    lost = [r["end_time"] for r in within if _is_symptom(r)]
    nowhere = [r["start_time"] for r in within if r["group_role"] == "none" and r["failed"]]
    truth = {
        "first_spill": min(away, default=None),
        "last_primary_error": max(lost, default=None),
        "recovered": max(away + nowhere, default=None),
        "onset": min([*away, *lost], default=None),
    }
    faults = []
    for name, at in truth.items():
        low, high = one[f"{name}_earliest"], one[f"{name}_latest"]
        # A first failure long before the spill may be the usual noise: what is left of it does not tell.
        late = low is not None and at is not None and at < low - SLACK and name != "onset"
        is_same = low is not None and whole[f"{name}_earliest"] is not None
        is_same = is_same and low <= whole[f"{name}_latest"] and high >= whole[f"{name}_earliest"]
        if not is_same and low is not None and at is not None and (late or at > high + SLACK):
            faults.append(f"{name}: {at:%T.%f} is not within {low:%T.%f} to {high:%T.%f}")
    return faults


def _is_symptom(row: Row) -> bool:
    return bool((row["failed"] or row["stalled"]) and row["group_role"] != "secondary")


def _overlap(one: Row, other: Row) -> bool:
    return bool(
        one["proxy"] == other["proxy"]
        and one["service"] == other["service"]
        and one["first_request_at"] <= other["last_request_at"]
        and one["last_request_at"] >= other["first_request_at"]
    )
