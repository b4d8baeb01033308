"""Hostile files: some in every run, as long as wanted in `make soak`.

HOPLINE_SOAK_SECONDS (default 3600) is the time, HOPLINE_SOAK_SEED the beginning (default: the time of day, printed),
HOPLINE_SOAK_FINDINGS a folder that keeps what is found.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tests.fuzz.campaign import Finding, run_campaign
from tests.fuzz.cases import Case, check, minimise
from tests.ingest.lines import istio_line


def _explain(findings: list[Finding]) -> str:
    return "\n\n".join(f"{finding.problem.key}: {finding.problem.text}\n{finding.case!r}" for finding in findings)


def test_some_hostile_files() -> None:
    cases, findings = run_campaign(120, seed=1, most=15)
    assert cases == 15
    assert not findings, _explain(findings)


@pytest.mark.soak
def test_hostile_files_for_long() -> None:
    seconds = float(os.environ.get("HOPLINE_SOAK_SECONDS", "3600"))
    seed = int(os.environ.get("HOPLINE_SOAK_SEED") or time.time_ns() % 10**9)
    keep = os.environ.get("HOPLINE_SOAK_FINDINGS")
    cases, findings = run_campaign(seconds, seed, keep=Path(keep) if keep else None)
    print(f"seed {seed}: {cases} files")
    assert not findings, f"seed {seed}, {cases} files\n{_explain(findings)}"


def test_a_line_that_changes_its_neighbour_is_found_and_made_small() -> None:
    """The fuzzer itself: a forged continuation in an envelope that joins lines changes the line after it."""
    wrapped = b"2026-03-01T10:00:00Z stdout F "
    message = wrapped + b"[2026-03-01 10:00:00.639][14][info][upstream] adding 1 cluster(s)"
    entry = wrapped + istio_line().encode()
    hostile = b"2026-03-01T10:00:00Z stdout P xx"
    case = Case((entry, message, hostile, entry, message, entry), (2,), group="pretends not to join")
    problem = check(case)
    assert problem is not None
    assert problem.key.startswith("a neighbour is")
    small = minimise(case, problem.key, tries=20)
    assert len(small.lines) < len(case.lines)
    assert len(small.text) < len(case.text)
