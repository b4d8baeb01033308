"""What is known about a source: counts, formats, times; its row of the `sources` table."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from ingest import schema
from ingest.names import Names, role_of_gateway, workload_of_pod

#: A forged duration must not carry a sum out of range: no request lasts longer than 30 years.
_LONGEST = pa.scalar(10**12, pa.int64())
_ZERO, _MICROSECONDS = pa.scalar(0, pa.int64()), pa.scalar(1000, pa.int64())


@dataclass
class Facts:
    """What is known about a source while it is read; its row in `sources` in the end."""

    source: str
    names: Names
    compression: str = "none"
    bytes_read: int = 0
    entries_read: int = 0
    access_log_rows: int = 0
    rejected: int = 0
    others: Counter[str] = field(default_factory=Counter)
    formats: Counter[str] = field(default_factory=Counter)
    roles: Counter[str] = field(default_factory=Counter)
    proxies: Counter[str] = field(default_factory=Counter)
    first_time: datetime | None = None
    last_time: datetime | None = None
    truncated: bool = False
    error: str | None = None
    content_id: str | None = None
    is_inventory: bool = False

    def to_row(self) -> dict[str, object]:
        """Return the row of the `sources` table."""
        names = self.names
        if names.by_file_name and not self.access_log_rows:
            names = Names(cluster_id=names.cluster_id)
        if len(self.proxies) == 1 and names.proxy not in self.proxies:
            # The envelope of every line names the same pod.
            proxy = next(iter(self.proxies))
            gateway = names.gateway if names.labelled else workload_of_pod(proxy)
            names = replace(names, proxy=proxy, gateway=gateway, role=role_of_gateway(gateway))
        role = names.role
        if role == "unknown":
            known = [name for name, _ in self.roles.most_common() if name != "unknown"]
            role = known[0] if known else "unknown"
        return {
            "source": self.source,
            "cluster_id": names.cluster_id,
            "gateway": names.gateway,
            "proxy": names.proxy,
            "role": role,
            "formats": [name for name, _ in self.formats.most_common()],
            "compression": self.compression,
            "bytes_read": self.bytes_read,
            "content_id": self.content_id,
            "entries_read": self.entries_read,
            "access_log_rows": self.access_log_rows,
            "rejected": self.rejected,
            "others": sorted((reason, count) for reason, count in self.others.items() if count),
            "first_time": self.first_time,
            "last_time": self.last_time,
            "truncated": self.truncated,
            "error": self.error,
        }

    def see_rows(self, format_name: str, table: pa.Table) -> None:
        """Take in rows of one format: counts, roles, proxies, first and last time."""
        self.access_log_rows += table.num_rows
        self.formats[format_name] += table.num_rows
        self.roles.update(_count_values(table.column("role")))
        self.proxies.update(_count_values(table.column("proxy")))
        self._see_times(table)

    def _see_times(self, table: pa.Table) -> None:
        starts = table.column("start_time")
        first = pc.min(starts).as_py()
        if first is None:
            return
        spans = pc.min_element_wise(pc.fill_null(table.column("duration_ms"), _ZERO), _LONGEST)
        ends = pc.add(pc.cast(starts, pa.int64()), pc.multiply(spans, _MICROSECONDS))
        last = pa.scalar(pc.max(ends).as_py(), schema.TIMESTAMP).as_py()
        self._widen(first, last)

    def _widen(self, first: datetime | None, last: datetime | None) -> None:
        self.first_time = min((t for t in (first, self.first_time) if t is not None), default=None)
        self.last_time = max((t for t in (last, self.last_time) if t is not None), default=None)

    def merge(self, other: Facts) -> None:
        """Take in the facts of another part of the same source."""
        self.entries_read += other.entries_read
        self.access_log_rows += other.access_log_rows
        self.rejected += other.rejected
        for mine, theirs in (
            (self.others, other.others),
            (self.formats, other.formats),
            (self.roles, other.roles),
            (self.proxies, other.proxies),
        ):
            mine.update(theirs)
        self._widen(other.first_time, other.last_time)


def _count_values(column: pa.ChunkedArray) -> dict[str, int]:
    counts = pc.value_counts(column.combine_chunks())
    return {entry["values"]: entry["counts"] for entry in counts.to_pylist() if entry["values"] is not None}
