"""When each instant was, by the clients' own record: it knows no log and nothing of hopline.

Routing shows when a request is sent, failure when it is answered.
"""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

from tests.lab.checks import is_unseen
from tests.scoreboard.expectations import Expected

#: Failed requests further apart than this are two bursts (further where requests are rarer).
_BURST_GAP = timedelta(seconds=2)
#: Requests whose failure says nothing about the service: their clients meant to leave, or never spoke HTTP.
_ODD = frozenset({"hang_up", "malformed", "no_route"})


@dataclass(frozen=True)
class Request:
    """One request as its client saw it."""

    sent: datetime
    answered: datetime
    request_id: str
    proxy: str
    #: Cluster of the pod that answered; empty when none did.
    cluster: str
    failed: bool


@dataclass(frozen=True)
class Moment:
    """An instant, and the widest gap next to it between requests that could have shown it."""

    at: datetime
    gap: timedelta


@dataclass(frozen=True)
class Record:
    """What the clients recorded of one incident, and when the lab broke and mended cluster1 first."""

    requests: tuple[Request, ...]
    fault_at: datetime | None
    restored_at: datetime | None


def read_record(folder: Path) -> Record:
    """Read truth.csv.gz and truth.json, without requests that never reached a gateway."""
    with gzip.open(folder / "truth.csv.gz", "rt", newline="") as table:
        rows = [row for row in csv.DictReader(table) if row["kind"] not in _ODD and not is_unseen(row)]
    told = json.loads((folder / "truth.json").read_text())
    return Record(tuple(map(_request, rows)), _moment(told["fault_at"]), _moment(told["restored_at"]))


def _request(row: Mapping[str, str]) -> Request:
    lost = int(row["status"]) >= 500 or row["grpc_status"] not in ("", "0") or row["error"] == "timeout"
    return Request(
        datetime.fromisoformat(row["sent_at"]),
        datetime.fromisoformat(row["answered_at"]),
        row["request_id"],
        row["proxy"],
        row["cluster"],
        lost,
    )


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def find_instants(
    record: Record, expected: Expected, kept: Collection[str] | None = None, *, whole: bool = False
) -> dict[str, Moment | None]:
    """Return the instants of the failover that one proxy saw; None where one did not happen.

    `kept` are the requests that a derived log still holds (None: all). Instants are those of the requests kept, or
    with `whole` those of the whole record; gaps are always those between requests kept.
    """
    everything = [one for one in record.requests if one.proxy == expected.proxy]
    held = [one for one in everything if kept is None or one.request_id in kept]
    shown = everything if whole else held
    away = [one for one in shown if one.cluster == "cluster2" and not one.failed]
    lost = [one for one in shown if one.failed]
    mended = record.restored_at or everything[-1].answered
    turn = _find_turn(everything, shown, mended)
    # What never left altogether does not come back.
    back = _find_back(shown, record.restored_at) if turn or expected.began_before_start else None
    starts, ends = sorted(one.sent for one in held), sorted(one.answered for one in held)

    def at(when: datetime | None, clock: Sequence[datetime]) -> Moment | None:
        return Moment(when, _find_gap(when, clock)) if when else None

    spill = at(min((one.sent for one in away), default=None), starts)
    failure = at(min((one.answered for one in lost), default=None), ends)
    left = max((one.sent for one in away or lost), default=None)
    found = {
        "onset": min((one for one in (spill, failure) if one), key=lambda one: one.at, default=None),
        "first_spill": spill,
        "full_failover": at(turn, starts),
        "last_primary_error": at(max((one.answered for one in lost), default=None), ends),
        "first_failback": at(back, starts),
        "recovered": at(left, starts),
    }
    return {name: None if name in expected.absent else one for name, one in found.items()}


def _find_turn(everything: Sequence[Request], shown: Sequence[Request], mended: datetime) -> datetime | None:
    """Return when the first request was sent from which on, until the repair, cluster2 alone answered.

    That is after the last answer of cluster1, and after the first burst of failures (later ones are ejected pods
    tried again).
    """
    failed = sorted((one for one in everything if one.failed), key=lambda one: one.answered)
    usual = _find_usual([one.sent for one in everything])
    limit = max(_BURST_GAP, 3 * usual)
    end = next((a.answered for a, b in pairwise(failed) if b.answered - a.answered > limit), None)
    end = end or (failed[-1].answered if failed else None)
    stayed = [one.sent for one in shown if one.cluster == "cluster1" and not one.failed and one.answered < mended]
    stayed += [one.sent for one in shown if one.failed and end and one.answered <= end]
    # A record that begins after the turn does not show it.
    floor = max(stayed, default=mended)
    turn = min((one.sent for one in shown if one.cluster == "cluster2" and one.sent > floor), default=None)
    return turn if turn and turn < mended else None


def _find_back(shown: Sequence[Request], restored: datetime | None) -> datetime | None:
    """Return when the first request was sent that cluster1 answered after its repair."""
    back = (one.sent for one in shown if restored and one.cluster == "cluster1" and one.answered >= restored)
    return min(back, default=None)


def _find_gap(when: datetime, clock: Sequence[datetime]) -> timedelta:
    """Return the largest of the usual gap and the gaps next to `when`; `clock` is in order."""
    pairs = list(pairwise(clock))
    return max([_find_usual(clock), *(b - a for a, b in pairs if a <= when <= b)])


def _find_usual(clock: Sequence[datetime]) -> timedelta:
    """Return the median gap between moments in order."""
    gaps = sorted(b - a for a, b in pairwise(clock))
    return gaps[len(gaps) // 2]


def told_instants(folder: Path) -> dict[str, Any]:
    """Return the instants that the lab itself wrote into truth.json."""
    told: dict[str, Any] = json.loads((folder / "truth.json").read_text())["instants"]
    return told
