"""Times as people write them."""

from datetime import UTC, datetime

import pytest

from hopline.moments import check_zone, parse_mark, parse_moment, parse_window
from ingest.errors import UsageError

NOW = datetime(2026, 11, 24, 13, 30, 15, 250_000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-09T00:06:19.393Z", "2026-11-09T00:06:19.393000+00:00"),
        ("2026-11-09T00:06:19.123456789Z", "2026-11-09T00:06:19.123456+00:00"),
        ("2026-11-09T00:00Z", "2026-11-09T00:00:00+00:00"),
        ("2026-11-09t00:00z", "2026-11-09T00:00:00+00:00"),
        ("2026-11-09 00:00", "2026-11-09T00:00:00+00:00"),
        ("2026-11-09T01:30:00+01:00", "2026-11-09T00:30:00+00:00"),
        ("2026-11-09T01:30:00-0530", "2026-11-09T07:00:00+00:00"),
        ("2026-11-09", "2026-11-09T00:00:00+00:00"),
        ("now", "2026-11-24T13:30:15.250000+00:00"),
        ("today", "2026-11-24T00:00:00+00:00"),
        ("Yesterday", "2026-11-23T00:00:00+00:00"),
        ("-2h", "2026-11-24T11:30:15.250000+00:00"),
        ("-1d12h", "2026-11-23T01:30:15.250000+00:00"),
        ("-1.5h", "2026-11-24T12:00:15.250000+00:00"),
        (" -90s ", "2026-11-24T13:28:45.250000+00:00"),
        ("-1w", "2026-11-17T13:30:15.250000+00:00"),
    ],
)
def test_reads(text: str, expected: str) -> None:
    assert parse_moment(text, now=NOW).isoformat() == expected


@pytest.mark.parametrize(
    "text",
    ["", "soon", "2h", "+2h", "-", "-2", "-2 h", "20:54", "2026-13-01", "2026-02-30", "2026-11-09T25:00Z", "-9999999w"],
)
def test_refuses_and_says_what_to_try(text: str) -> None:
    with pytest.raises(UsageError, match="--since") as caught:
        parse_moment(text, now=NOW, argument="--since")
    assert "2026-11-09" in (caught.value.hint or "")
    assert caught.value.exit_code == 2


def test_window_must_not_be_empty() -> None:
    assert parse_window(None, None) == (None, None)
    assert parse_window("2026-11-09", None, now=NOW) == (datetime(2026, 11, 9, tzinfo=UTC), None)
    with pytest.raises(UsageError, match="not after"):
        parse_window("2026-11-09", "2026-11-09", now=NOW)


def test_mark() -> None:
    assert parse_mark("2026-11-09T00:06Z=deploy a=b") == (datetime(2026, 11, 9, 0, 6, tzinfo=UTC), "deploy a=b")
    for wrong in ("2026-11-09T00:06Z", "2026-11-09T00:06Z= ", "then=deploy"):
        with pytest.raises(UsageError, match="--mark"):
            parse_mark(wrong)


def test_zone() -> None:
    assert check_zone("Europe/Berlin") == "Europe/Berlin"
    for wrong in ("Mars/Olympus", "", "../etc/passwd"):
        with pytest.raises(UsageError, match="--tz"):
            check_zone(wrong)
