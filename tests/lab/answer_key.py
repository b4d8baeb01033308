"""The README of a sample: what was done when, and what the truth says, in tables."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .scenarios import SCENARIOS

_INSTANTS = {
    "first_failed": "first failed request (by its end)",
    "first_by_cluster2": "first request answered by cluster2",
    "last_by_cluster1_before": "last request answered by cluster1 before its repair",
    "first_by_cluster2_only": "from here on only cluster2 answers",
    "first_by_cluster1_again": "first request answered by cluster1 after its repair",
    "last_by_cluster2": "last request answered by cluster2",
    "last_failed": "last failed request (by its end)",
}


def render(truth: Mapping[str, Any], folder: Path) -> str:
    """Return the answer key of the sample in `folder` as Markdown."""
    counts, settings = truth["counts"], truth["settings"]
    parts = [
        f"# {truth['scenario']}: the answer key",
        SCENARIOS[truth["scenario"]].summary,
        (
            f"Recorded by the lab (`python -m tests.lab`) with a real Envoy {truth['envoy']}: "
            f"{settings['replicas']} ingress gateway(s) in cluster1, {settings['pods']} pods per cluster, "
            f"{settings['rate']:g} requests per second to `{truth['service']}:{truth['service_port']}`. "
            f"Outlier detection: interval {settings['outlier_interval_s']:g} s, base ejection "
            f"{settings['base_ejection_s']:g} s, {settings['consecutive_5xx']} errors in a row, up to 100% "
            f"ejected; {settings['retries']} retries. Everything below comes from the clients' own record "
            "(`truth.csv.gz`, `truth.json`), not from the logs. Times are UTC."
        ),
        "## What was done",
        _table(("time", "what"), [(action["at"], action["what"]) for action in truth["actions"]]),
        "## What the clients saw",
        _table(
            ("instant", "sent", "answered", "status", "pod", "request id"),
            [_moment(text, truth["instants"].get(name)) for name, text in _INSTANTS.items()],
        ),
        (
            f"{counts['requests']:,} requests, {counts['failed']:,} failed, "
            f"{counts['client_gave_up']:,} given up by the client, "
            f"{counts['retried_and_answered']:,} answered only after a retry."
        ),
        _table(
            ("answered by", "requests"),
            [*_pairs(counts["by_cluster"]), *_pairs(counts["by_pod"], none=False)],
        ),
    ]
    if truth["failed_bursts"]:
        parts += [
            "Failed requests came in bursts (a gap of more than 2 s ends one):",
            _table(
                ("first", "last", "failed", "by status"),
                [
                    (
                        burst["first"],
                        burst["last"],
                        burst["failed"],
                        ", ".join(f"{number} x {status}" for status, number in burst["by_status"].items()),
                    )
                    for burst in truth["failed_bursts"]
                ],
            ),
        ]
    parts += ["## Files", _table(("file", "lines", "what"), _files(truth, folder)), _pending(truth)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _table(head: tuple[str, ...], rows: list[tuple[Any, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def _pairs(counts: Mapping[str, int], *, none: bool = True) -> list[tuple[str, int]]:
    names = {"none": "no pod (Envoy itself, or nobody)"}
    return [(names.get(name, name), number) for name, number in counts.items() if none or name != "none"]


def _moment(text: str, moment: Mapping[str, Any] | None) -> tuple[Any, ...]:
    if moment is None:
        return (text, "did not happen", "", "", "", "")
    pod = moment["pod"] or "none"
    return (
        text,
        moment["sent_at"],
        moment["answered_at"],
        moment["status"],
        pod,
        f"`{moment['request_id']}`",
    )


_MEANINGS = (
    ("cluster1/ingress/", "access log of an ingress gateway"),
    (
        "cluster2/eastwest/",
        "access log of the east-west gateway: one line per TCP connection, when it closes",
    ),
    ("cluster2/frontend/", "access log of a sidecar of cluster2"),
    ("outlier-events", "outlier-detection events of that gateway"),
    ("clusters.txt", "Envoy's `/clusters` at that time"),
    ("config_dump", "Envoy's `/config_dump?include_eds` at that time"),
    ("truth.csv", "one row per request, as the clients saw it"),
    ("truth.json", "this page for machines"),
)


def _files(truth: Mapping[str, Any], folder: Path) -> list[tuple[Any, ...]]:
    rows = []
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if not path.is_file() or name == "README.md":
            continue
        key = "inventory/" in name
        meaning = next((text for part, text in _MEANINGS if part in name and not (key and "/" in part)), "")
        lines = _count_lines(path) if ".log" in name or name.endswith(".csv.gz") else ""
        rows.append((f"`{name}`", lines, meaning))
    return rows


def _count_lines(path: Path) -> int:
    data = path.read_bytes()
    return (gzip.decompress(data) if path.suffix == ".gz" else data).count(b"\n")


def _pending(truth: Mapping[str, Any]) -> str:
    live, final = (sum(_of_east_west(truth["log_lines"][cut])) for cut in ("cut-live", "cut-final"))
    if live == final:
        return ""
    return (
        f"The logs are cut while the mesh still runs. {final - live} east-west connection(s) were open then, "
        "so their lines are not in the log yet: the requests that went through them have no east-west line."
    )


def _of_east_west(lines: Mapping[str, int]) -> list[int]:
    return [number for name, number in lines.items() if "/eastwest/" in name]
