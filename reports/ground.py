"""What a report rests on: the files that were read, the clocks that stamped their lines, and the lines it shows.

They are part of the model (`reports.model`) and keep its rules for names, times and units.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from reports.series import Gap

Time = datetime


@dataclass(frozen=True)
class Count:
    """A reason and how often it was met."""

    reason: str
    count: int


@dataclass(frozen=True)
class Source:
    """One row of `sources`: entries_read = access_log_rows + rejected + the sum of `others`."""

    source: str
    cluster_id: str | None
    gateway: str | None
    proxy: str | None
    role: str | None
    formats: tuple[str, ...]
    compression: str | None
    bytes_read: int | None
    content_id: str | None
    entries_read: int
    access_log_rows: int
    rejected: int
    others: tuple[Count, ...]
    first_time: Time | None
    last_time: Time | None
    truncated: bool
    error: str | None
    coverage: str
    gaps: tuple[Gap, ...]


@dataclass(frozen=True)
class ClockSkew:
    """One row of `clock_skews`: how far the callee's clock is ahead of the caller's, as an interval in milliseconds.

    `basis` is exact (connections of an east-west gateway) or request_id (both logged the same id); `joins` of them
    agree with the interval, `conflicts` do not.
    """

    cluster_id: str | None
    gateway: str | None
    proxy: str | None
    callee_cluster_id: str | None
    callee_gateway: str | None
    callee_proxy: str | None
    basis: str
    offset_min_ms: int
    offset_max_ms: int
    joins: int
    conflicts: int


@dataclass(frozen=True)
class EvidenceLine:
    """One log line as it stands in its source, made safe to show.

    `text` holds what is not printable as `\\xNN` or `\\uNNNN`; a line of more than 2,000 characters is cut in its
    middle, `left_out` counts the characters that are not shown. `text` is None where the line could not be read
    again. `marks` are the (begin, end) offsets of the fields that matter.
    """

    source: str
    line: int
    text: str | None
    left_out: int
    marks: tuple[tuple[int, int], ...]
