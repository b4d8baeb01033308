"""How long a timeline is and how wide its bins are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

#: Widths of a bin in seconds that people can think in.
_WIDTHS_S = (
    0.01, 0.02, 0.05, 0.1, 0.2, 0.5,
    1, 2, 5, 10, 15, 30,
    60, 120, 300, 600, 900, 1800,
    3600, 7200, 10800, 21600, 43200, 86400,
)  # fmt: skip

#: A timeline has at most this many bins ...
MOST_BINS = 240
#: ... and at least this many where requests are few, even if a bin then holds fewer than _PER_BIN requests.
_FEWEST_BINS = 40
_PER_BIN = 10
#: The first and the last request of a log.
Extent = tuple[datetime, datetime]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Grid:
    """`bins` bins of `width_us` microseconds each; the first begins at `starts`, what they hold ends at `last`."""

    starts: datetime
    width_us: int
    bins: int
    last: datetime

    @property
    def ends(self) -> datetime:
        """The end of the last bin."""
        return self.starts + timedelta(microseconds=self.width_us * self.bins)


def choose_grid(first: datetime, last: datetime, requests: int, extent: Extent | None = None) -> Grid:
    """Return bins that cover first to last: narrow, but with requests enough in each to make a rate.

    At most MOST_BINS; widths are such as 0.5 s or 5 min. Bins begin at whole multiples of their width, but where the
    log (`extent`: its first and last request) begins within the first bin, at that request: half a bin of a log would
    look like half the traffic. Spans of more than MOST_BINS days get bins of several days.
    """
    span = max((last - first).total_seconds(), 0.001)
    width = next((w for w in _WIDTHS_S if span / w <= MOST_BINS - 2), None)
    if width is None:
        width = 86400.0 * -(-span // (86400 * (MOST_BINS - 2)))
    for wider in _WIDTHS_S:
        if wider > width and requests / (span / width) < _PER_BIN and span / wider >= _FEWEST_BINS:
            width = wider
    width_us = round(width * 1_000_000)
    since_us = (first - _EPOCH) // timedelta(microseconds=1)
    starts = _EPOCH + timedelta(microseconds=since_us - since_us % width_us)
    until = last
    if extent is not None:
        starts = max(starts, extent[0])
        until = max(starts, min(last, extent[1] + timedelta(microseconds=1)))
    bins = max(1, -(-((until - starts) // timedelta(microseconds=1)) // width_us))
    end = starts + timedelta(microseconds=width_us * bins)
    return Grid(starts, width_us, bins, end if extent is None else max(starts, min(end, extent[1])))


def pad_window(first: datetime, last: datetime, earliest: datetime, latest: datetime) -> tuple[datetime, datetime]:
    """Return a window around first to last with some time before and after, but not outside earliest to latest."""
    pad = max(timedelta(seconds=10), (last - first) * 0.25)
    return max(first - pad, min(earliest, first)), min(last + pad, max(latest, last))
