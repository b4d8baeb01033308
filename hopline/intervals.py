"""Intervals in words: an instant lies between two log lines, a duration between two numbers of seconds."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo

#: An instant less sure than this many seconds is shown as its two ends, not as a middle and a half width.
_WIDEST_HALF_S = 60.0


def write_instant(earliest: datetime | None, latest: datetime | None, zone: tzinfo, *, sign: str = "±") -> str:
    """Return an instant such as `20:54:06.213 ±1 ms`; the interval shown always covers the real one.

    Without `earliest` the log began later than the instant: `before 20:54:06.214`.
    """
    if latest is None:
        return f"after {write_clock(earliest, zone)}" if earliest is not None else "-"
    if earliest is None:
        return f"before {write_clock(latest, zone)}"
    half = (latest - earliest) / 2
    if half.total_seconds() > _WIDEST_HALF_S:
        return f"{write_clock(earliest, zone)} to {write_clock(latest, zone)}"
    middle = _round_to_ms(earliest + half)
    around = max(middle - earliest, latest - middle)
    return f"{write_clock(middle, zone)} {sign}{_write_half(around)}"


def write_clock(moment: datetime, zone: tzinfo) -> str:
    """Return the time of day to the millisecond, rounded."""
    return _round_to_ms(moment).astimezone(zone).strftime("%H:%M:%S.%f")[:12]


def write_span(least_s: float | None, greatest_s: float | None) -> str | None:
    """Return a duration such as `1.04 s`, or `1.03 to 1.05 s` where its ends read differently; None if unknown."""
    if greatest_s is None:
        return None if least_s is None else f"at least {write_seconds(least_s)}"
    if least_s is None:
        return f"at most {write_seconds(greatest_s)}"
    least, greatest = write_seconds(least_s), write_seconds(greatest_s)
    if least == greatest:
        return least
    number, unit = least.rsplit(" ", 1) if least.count(" ") == 1 else (least, "")
    if unit and greatest.endswith(f" {unit}") and greatest.count(" ") == 1:
        return f"{number} to {greatest}"
    return f"{least} to {greatest}"


def write_seconds(seconds: float) -> str:
    """Return seconds in the unit that reads best: `112 ms`, `1.04 s`, `23.0 s`, `6 min 29 s`, `2 h 5 min`."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 10:
        return f"{seconds:.2f} s"
    if seconds < 100:
        return f"{seconds:.1f} s"
    if seconds < 3600:
        minutes, rest = divmod(round(seconds), 60)
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def _write_half(half: timedelta) -> str:
    milliseconds = -(-half // timedelta(milliseconds=1))
    if milliseconds < 1000:
        return f"{milliseconds} ms"
    return f"{-(-milliseconds // 10) / 100:.2f} s"


def _round_to_ms(moment: datetime) -> datetime:
    rounded = round(moment.microsecond, -3)
    return moment.replace(microsecond=0) + timedelta(microseconds=rounded)
