"""Hold a recording against its own truth: a lab that mixes up its pods must not be believed."""

from __future__ import annotations

import csv
import gzip
import json
import re
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

from . import mesh
from .errors import LabError
from .mesh import Settings

#: A recording in which one request in a hundred was sent later than this (milliseconds; or later than a tenth of the
#: gap between requests, if that is more) is not worth keeping.
MOST_LATE_MS = 10.0
#: Nor is one in which a gateway saw any request later than this (milliseconds) after its client sent it.
SEEN_LATE_MS = 20.0

_TAIL = re.compile(
    rb'"(?P<id>[0-9a-f-]{36})" "(?P<authority>[^"]*)" "(?P<host>[^"]*)" (?P<cluster>\S+) \S+ \S+ \S+ \S+ \S+$'
)


def read_truth(folder: Path) -> list[dict[str, str]]:
    """Read the truth table of a recording."""
    with gzip.open(folder / "truth.csv.gz", "rt", newline="") as table:
        return list(csv.DictReader(table))


def is_unseen(row: Mapping[str, str]) -> bool:
    """Tell whether the connection to the ingress failed: no gateway may ever have seen the request."""
    return row["kind"] != "malformed" and row["status"] == "0" and row["error"] not in ("", "gave up", "timeout")


def read_hosts(logs: list[Path]) -> dict[str, list[str]]:
    """Return, for text logs, request id -> upstream hosts of its lines."""
    found: dict[str, list[str]] = {}
    for path in logs:
        for line in path.read_bytes().splitlines():
            if match := _TAIL.search(line):
                found.setdefault(match["id"].decode(), []).append(match["host"].decode())
    return found


def find_latest_seen_ms(logs: list[Path], sent: dict[str, str]) -> float:
    """Return by how much a gateway saw any request later than its client sent it, at worst, in milliseconds."""
    worst = timedelta(0)
    for path in logs:
        for line in path.read_bytes().splitlines():
            match = _TAIL.search(line)
            if match and (when := sent.get(match["id"].decode())):
                seen = datetime.fromisoformat(line[1 : line.index(b"]")].decode())
                worst = max(worst, seen - datetime.fromisoformat(when))
    return worst / timedelta(milliseconds=1)


def check_pace(folder: Path) -> None:
    """Raise LabError when this machine was too busy while it recorded: instants would be off by as much."""
    recorded = json.loads((folder / "truth.json").read_text())
    late = recorded["late_ms"]
    if late["p99"] > max(MOST_LATE_MS, 100 / recorded["settings"]["rate"]):
        raise LabError(f"{folder}: requests were sent late, this machine was busy: {late}; record again")
    logs = sorted((folder / "cut-final" / "text" / "cluster1" / "ingress").glob("*.log"))
    seen_ms = find_latest_seen_ms(logs, {row["request_id"]: row["sent_at"] for row in read_truth(folder)})
    if seen_ms > SEEN_LATE_MS:
        raise LabError(f"{folder}: a gateway saw a request {seen_ms:.0f} ms after it was sent; record again")


def check_recording(folder: Path) -> None:
    """Raise LabError unless each request stands once in the ingress logs, with the host that answered it."""
    truth = read_truth(folder)
    recorded = json.loads((folder / "truth.json").read_text())
    killed, stopped = recorded["sidecars_killed_at"], recorded["ingresses_stopped"]
    logs = folder / "cut-final" / "text"
    ingress = read_hosts(sorted((logs / "cluster1" / "ingress").glob("*.log")))
    sidecars = {path.stem: read_hosts([path]) for path in (logs / "cluster2" / "frontend").glob("*.log")}
    ids = Counter(row["request_id"] for row in truth)
    entry = Settings(**recorded["settings"]).entry
    wrong: list[str] = [f"{one} was sent {number} times" for one, number in ids.items() if number > 1]
    wrong += [f"{one} is logged but was never sent" for one in ingress.keys() - ids.keys()]
    for row in truth:
        if stopped and is_unseen(row):
            # The ingress was gone, or went while it had the request: whether that is logged is chance.
            continue
        lost = any(_lost(row["answered_at"], when) for when in killed)
        wrong += _check_row(row, ingress.get(row["request_id"], []), None if lost else sidecars, entry)
    if wrong:
        raise LabError(f"{folder}: {len(wrong)} requests do not agree with the logs, such as: {'; '.join(wrong[:3])}")


def _lost(answered_at: str, killed_at: str) -> bool:
    """Tell whether a sidecar that was killed may have taken the line of this request with it."""
    before = datetime.fromisoformat(killed_at) - datetime.fromisoformat(answered_at)
    return timedelta(0) <= before < timedelta(seconds=1)


def _check_row(
    row: dict[str, str], hosts: list[str], sidecars: dict[str, dict[str, list[str]]] | None, entry: str
) -> list[str]:
    request, pod = row["request_id"], row["pod"]
    if row["kind"] == "malformed":
        return [f"{request} is not HTTP, yet a line has it"] if hosts else []
    if len(hosts) != 1:
        return [f"{request} has {len(hosts)} ingress lines"]
    if row["cluster"] == "cluster1":
        expected = f"127.1.1.{pod.rpartition('-')[2]}:{mesh.POD_PORT}"
    elif row["cluster"] == "cluster2":
        expected = f"{entry}:{mesh.EAST_WEST_PORT}"
        if sidecars is not None and request not in sidecars.get(pod, {}):
            return [f"{request} was answered by {pod}, whose sidecar has no line of it"]
    else:
        return []
    return [] if hosts[0] == expected else [f"{request} was answered by {pod} but its line says {hosts[0]}"]
