"""The truth: what the clients saw, request by request, and the instants that follow from it.

Nothing here reads a log: it is the clients' own record, to hold an analysis of the logs against.
"""

from __future__ import annotations

import csv
import gzip
import io
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

#: Failed requests further apart than this are two bursts.
BURST_GAP_S = 2.0
#: Cluster1 has fallen silent when it answered nothing for this long before it was mended.
SILENT_S = 1.0


def rfc3339(us: int) -> str:
    """Render microseconds since 1970 as RFC 3339 in UTC."""
    when = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=us)
    return when.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@dataclass
class Answer:
    """One request and what became of it. Times are microseconds since 1970, UTC, by the clients' clock."""

    request_id: str
    proxy: str
    kind: str
    method: str
    path: str
    sent_us: int
    answered_us: int = 0
    #: HTTP status; 0 = no answer.
    status: int = 0
    #: Name of the pod that answered; empty when Envoy or nobody did.
    pod: str = ""
    #: Which attempt of the ingress the answer belongs to (1 = no retry); None when no pod answered.
    attempt: int | None = None
    grpc_status: str = ""
    #: Why there was no answer: `gave up` (on purpose), `timeout`, or the name of a socket error.
    error: str = ""

    @property
    def cluster(self) -> str:
        """The cluster of the pod that answered."""
        return {"frontend-c1": "cluster1", "frontend-c2": "cluster2"}.get(self.pod.rpartition("-")[0], "")

    @property
    def failed(self) -> bool:
        """True when the client lost the request through no doing of its own."""
        if self.error == "gave up":
            return False
        return bool(self.error) or self.status >= 500 or self.grpc_status not in ("", "0")

    def moment(self) -> dict[str, Any]:
        """Return the answer as one instant of `truth.json`."""
        return {
            "sent_at": rfc3339(self.sent_us),
            "answered_at": rfc3339(self.answered_us),
            "request_id": self.request_id,
            "status": self.status,
            "pod": self.pod or None,
        }


COLUMNS = tuple(field.name for field in fields(Answer) if not field.name.endswith("_us"))


def write_csv(answers: Iterable[Answer], path: Path) -> None:
    """Write one row per request, ordered by the time it was sent; gzip without a name or time in it."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["sent_at", "answered_at", *COLUMNS[:5], "cluster", *COLUMNS[5:]])
    for answer in sorted(answers, key=lambda one: one.sent_us):
        row = [getattr(answer, name) for name in COLUMNS]
        row = ["" if value is None else value for value in row]
        writer.writerow([rfc3339(answer.sent_us), rfc3339(answer.answered_us), *row[:5], answer.cluster, *row[5:]])
    path.write_bytes(gzip.compress(text.getvalue().encode(), 9, mtime=0))


def describe_lateness(late_ms: Sequence[float]) -> dict[str, float]:
    """Return how late requests were sent: the median, the 99th percentile and the worst, in milliseconds."""
    ordered = sorted(late_ms)
    last = len(ordered) - 1
    return {name: round(ordered[round(last * part)], 3) for name, part in (("p50", 0.5), ("p99", 0.99), ("max", 1.0))}


def count_answers(answers: Sequence[Answer]) -> dict[str, Any]:
    """Count requests by outcome, pod, cluster, status and attempt."""
    return {
        "requests": len(answers),
        "failed": sum(answer.failed for answer in answers),
        "client_gave_up": sum(answer.error == "gave up" for answer in answers),
        "retried_and_answered": sum((answer.attempt or 1) > 1 and not answer.failed for answer in answers),
        "by_cluster": _tally(answer.cluster or "none" for answer in answers),
        "by_pod": _tally(answer.pod or "none" for answer in answers),
        "by_status": _tally(str(answer.status) for answer in answers),
        "by_kind": _tally(answer.kind for answer in answers),
    }


def _tally(values: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(values).items()))


def find_instants(
    answers: Sequence[Answer], fault_us: int | None, restored_us: int | None, burst_gap_s: float = BURST_GAP_S
) -> dict[str, dict[str, Any] | None]:
    """Find the turning points. Failures count when they were answered, routing counts when it was sent.

    `fault_us` and `restored_us` are when the lab broke and mended cluster1; None where it never did.
    """
    by_sent = sorted(answers, key=lambda one: one.sent_us)
    failed = sorted((one for one in answers if one.failed), key=lambda one: one.answered_us)
    good = [one for one in by_sent if one.cluster and not one.failed]
    local = [one for one in good if one.cluster == "cluster1"]
    remote = [one for one in good if one.cluster == "cluster2"]
    mended = restored_us if restored_us is not None else (by_sent[-1].sent_us + 1 if by_sent else 0)
    before = [one for one in local if one.sent_us < mended and one.answered_us < mended]
    silent = fault_us is not None and bool(before) and mended - before[-1].sent_us >= SILENT_S * 1_000_000
    again = [one for one in local if restored_us is not None and one.answered_us >= restored_us]
    # Nothing but cluster2: after the last answer of cluster1 and after the first burst of errors.
    bursts = find_bursts(answers, burst_gap_s)
    floor = max([before[-1].sent_us if before else 0, max(one.sent_us for one in bursts[0]) if bursts else 0])
    only_remote = [one for one in remote if floor < one.sent_us < mended] if silent else []
    found = {
        "first_failed": failed[0] if failed else None,
        "last_failed": failed[-1] if failed else None,
        "first_by_cluster2": remote[0] if remote else None,
        "last_by_cluster1_before": before[-1] if silent else None,
        "first_by_cluster2_only": only_remote[0] if only_remote else None,
        "first_by_cluster1_again": again[0] if silent and again else None,
        "last_by_cluster2": remote[-1] if remote else None,
    }
    return {name: one.moment() if one else None for name, one in found.items()}


def find_bursts(answers: Iterable[Answer], gap_s: float = BURST_GAP_S) -> list[list[Answer]]:
    """Group the failed requests, in order of their end, into bursts with no gap above `gap_s` seconds."""
    bursts: list[list[Answer]] = []
    for answer in sorted((one for one in answers if one.failed), key=lambda one: one.answered_us):
        if bursts and answer.answered_us - bursts[-1][-1].answered_us <= gap_s * 1_000_000:
            bursts[-1].append(answer)
        else:
            bursts.append([answer])
    return bursts


def describe_bursts(answers: Iterable[Answer]) -> list[dict[str, Any]]:
    """Return the bursts of failures for `truth.json`."""
    return [
        {
            "first": rfc3339(burst[0].answered_us),
            "last": rfc3339(burst[-1].answered_us),
            "failed": len(burst),
            "by_status": _tally(str(one.status) for one in burst),
        }
        for burst in find_bursts(answers)
    ]
