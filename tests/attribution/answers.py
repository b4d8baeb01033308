"""Who answered each request, by its client, by the lines that are held, and by hopline."""

from __future__ import annotations

import csv
import gzip
from collections import defaultdict
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import analysis
from tests.attribution.changes import end_of
from tests.attribution.worlds import Row, World, ask

#: Starts and durations are whole milliseconds.
FLOORED = timedelta(milliseconds=3)

_QUERY = """
SELECT request_id, final_endpoint, final_endpoint_basis, final_endpoint_candidates
FROM hops WHERE role = 'ingress' AND request_id IS NOT NULL
"""


def read_truth(folder: Path) -> dict[str, str]:
    """Return the address of the pod of cluster2 that answered, by request id, as its client saw it."""
    with gzip.open(folder / "truth.csv.gz", "rt") as file:
        rows = [row for row in csv.DictReader(file) if row["cluster"] == "cluster2"]
    # frontend-c2-3 listens at 127.2.1.3:8080.
    return {row["request_id"]: f"127.2.1.{row['pod'].rpartition('-')[2]}:8080" for row in rows}


def find_evidence(world: World) -> set[str]:
    """Return the ids of requests with a sidecar's line, or one east-west line of their address and time."""
    connections = defaultdict(set)
    for row in world.entries:
        if row["role"] == "east_west":
            connections[row["downstream_remote_address"]].add(
                (row["start_time"], end_of(row), row["upstream_local_address"])
            )
    sidecars = {row["request_id"] for row in world.entries if row["role"] == "sidecar_inbound"}
    found = set()
    for row in world.entries:
        if row["role"] == "ingress" and row["request_id"]:
            end = end_of(row)
            spans = connections[row["upstream_local_address"]]
            near = {own for first, last, own in spans if first <= end + FLOORED and last >= end - FLOORED}
            if len(near) == 1 or row["request_id"] in sidecars:
                found.add(row["request_id"])
    return found


def find_answers(world: World, truth: Mapping[str, str], options: analysis.Options | None = None) -> list[Row]:
    """Return what hopline says of the requests in `truth`: request_id, final_endpoint, its basis and candidates."""
    return [row for row in ask(world, _QUERY, options) if row["request_id"] in truth]
