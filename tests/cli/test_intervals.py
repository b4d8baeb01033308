"""Intervals in words must never claim to be surer than they are."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hopline.intervals import write_instant, write_seconds, write_span

START = datetime(2026, 11, 23, 20, 54, tzinfo=UTC)


def at(milliseconds: float) -> datetime:
    return START + timedelta(milliseconds=milliseconds)


@pytest.mark.parametrize(
    ("earliest", "latest", "expected"),
    [
        (at(6212), at(6214), "20:54:06.213 ±1 ms"),
        (at(6212), at(6215), "20:54:06.214 ±2 ms"),
        (at(6214), at(6214), "20:54:06.214 ±0 ms"),
        (at(0), at(3000), "20:54:01.500 ±1.50 s"),
        (at(0), at(300_000), "20:54:00.000 to 20:59:00.000"),
        (None, at(6214), "before 20:54:06.214"),
        (at(6214), None, "after 20:54:06.214"),
        (None, None, "-"),
    ],
)
def test_instants(earliest: datetime | None, latest: datetime | None, expected: str) -> None:
    assert write_instant(earliest, latest, UTC) == expected


@given(st.integers(0, 10**10), st.integers(0, 10**8))
def test_what_is_shown_covers_what_is_known(start: int, width: int) -> None:
    earliest = START + timedelta(microseconds=start % 3_600_000_000)
    latest = earliest + timedelta(microseconds=width)
    shown = re.fullmatch(r"(\d+):(\d+):(\d+\.\d+) ±([\d.]+) (ms|s)", write_instant(earliest, latest, UTC))
    assert shown, "an interval of less than two minutes is shown as a middle and a half width"
    middle = START.replace(hour=0, minute=0) + timedelta(
        hours=int(shown[1]), minutes=int(shown[2]), seconds=float(shown[3])
    )
    half = timedelta(**{"milliseconds" if shown[5] == "ms" else "seconds": float(shown[4])})
    assert middle - half <= earliest
    assert latest <= middle + half


@pytest.mark.parametrize(
    ("least", "greatest", "expected"),
    [
        (1.041, 1.044, "1.04 s"),
        (1.03, 1.05, "1.03 to 1.05 s"),
        (0.9, 1.1, "900 ms to 1.10 s"),
        (0, 0.011, "0 to 11 ms"),
        (389, 391, "6 min 29 s to 6 min 31 s"),
        (None, 2.0, "at most 2.00 s"),
        (2.0, None, "at least 2.00 s"),
        (None, None, None),
    ],
)
def test_spans(least: float | None, greatest: float | None, expected: str | None) -> None:
    assert write_span(least, greatest) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0.112, "112 ms"), (9.994, "9.99 s"), (32.9, "32.9 s"), (389, "6 min 29 s"), (7500, "2 h 5 min"), (7200, "2 h")],
)
def test_seconds(seconds: float, expected: str) -> None:
    assert write_seconds(seconds) == expected
