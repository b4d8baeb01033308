"""Times as people write them: RFC 3339, a date, `-2h`, `yesterday`."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ingest.errors import UsageError

#: What every error about a time says to try.
HINT = "try 2026-11-09T00:06Z, 2026-11-09, 2026-11-09T00:06:19+01:00, -2h, -1d12h, now, today or yesterday"

_UNIT_SECONDS = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
_AGO = re.compile(r"-((?:\d+(?:\.\d+)?[wdhms])+)")
_STEP = re.compile(r"(\d+(?:\.\d+)?)([wdhms])")
_WRITTEN = re.compile(
    r"(?P<date>\d{4}-\d{2}-\d{2})"
    r"(?:[T ](?P<time>\d{2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?)(?P<zone>Z|[+-]\d{2}:?\d{2})?)?",
    re.IGNORECASE,
)


def parse_moment(text: str, *, now: datetime | None = None, argument: str = "time") -> datetime:
    """Return the moment that `text` names, in UTC with microseconds.

    A time without a zone is UTC, a date is its midnight, and what is relative (`-2h`, `now`, `today`, `yesterday`)
    is relative to `now`, the clock of this machine unless given. Raises UsageError, naming `argument`, for all else.
    """
    now = (now or datetime.now(UTC)).astimezone(UTC)
    word = text.strip()
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    days_back = {"today": 0, "yesterday": 1}.get(word.lower())
    if days_back is not None:
        return midnight - timedelta(days=days_back)
    if word.lower() == "now":
        return now
    try:
        if ago := _AGO.fullmatch(word):
            seconds = sum(float(number) * _UNIT_SECONDS[unit] for number, unit in _STEP.findall(ago[1]))
            return now - timedelta(seconds=seconds)
        if written := _WRITTEN.fullmatch(word):
            return _read_written(written)
    except (ValueError, OverflowError) as error:
        raise UsageError(f"{argument}: {text!r} is not a time: {error}", hint=HINT) from None
    raise UsageError(f"{argument}: {text!r} is not a time", hint=HINT)


def _read_written(written: re.Match[str]) -> datetime:
    time = (written["time"] or "00:00").replace(",", ".")
    zone = (written["zone"] or "Z").upper()
    moment = datetime.fromisoformat(f"{written['date']}T{time}{zone}")
    return moment.astimezone(UTC)


def parse_window(
    since: str | None, until: str | None, *, now: datetime | None = None
) -> tuple[datetime | None, datetime | None]:
    """Return the two ends of a window, None where it is open; raises UsageError when it would be empty."""
    now = now or datetime.now(UTC)
    start = parse_moment(since, now=now, argument="--since") if since is not None else None
    end = parse_moment(until, now=now, argument="--until") if until is not None else None
    if start is not None and end is not None and end <= start:
        raise UsageError(
            f"--until {until} is not after --since {since}",
            hint="a time without a zone is UTC, and a date is its midnight",
        )
    return start, end


def parse_mark(text: str) -> tuple[datetime, str]:
    """Return (time, label) of `T=label`, such as `2026-11-09T00:06Z=deploy 1.4`; raises UsageError."""
    time, equals, label = text.partition("=")
    if not equals or not label.strip():
        raise UsageError(
            f"--mark {text!r} is not TIME=LABEL", hint="try --mark '2026-11-09T00:06Z=deploy of frontend 1.4'"
        )
    return parse_moment(time, argument="--mark"), label.strip()


def check_zone(name: str) -> str:
    """Return `name` if it is a time zone that this machine knows, such as Europe/Berlin; raises UsageError."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UsageError(
            f"--tz: no time zone {name!r} is known", hint="try UTC or a name such as Europe/Berlin"
        ) from None
    return name
