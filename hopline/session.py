"""The session of the Python API: logs that were read once, and what can be asked about them."""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from hopline.result import Result
from hopline.workspace import open_logs
from ingest.errors import UsageError

if TYPE_CHECKING:
    import plotly.graph_objects as go
    import pyarrow as pa

    import analysis
    from analysis.session import EvidenceReader
    from reports import Redaction, Report

_FAILOVERS = "SELECT * FROM failovers ORDER BY onset_latest, failover_id"


class Session:
    """Logs that were read, and what can be asked about them; `hopline.open` makes one.

    Use it in a `with` block, or call `close`; what it keeps on disk is removed then, or when Python ends at the
    latest. One thread at a time may use it.
    """

    def __init__(self, inner: analysis.Session, resources: ExitStack) -> None:
        self._inner = inner
        self._close = weakref.finalize(self, resources.close)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Sentences about sources that could not be read, or not to their end."""
        return self._inner.warnings

    @property
    def options(self) -> analysis.Options:
        """The rules by which failovers are read out of the logs."""
        return self._inner.options

    @property
    def evidence(self) -> EvidenceReader:
        """Gives raw log lines back: `evidence.read_lines([(source, line), ...])` is a dict of bytes."""
        return self._inner.evidence

    def sql(self, query: str, params: Mapping[str, object] | None = None, *, timeout_s: float | None = None) -> Result:
        """Run one SELECT, in DuckDB's SQL, and return its rows.

        `params` gives values for `$name`. All rows are held in memory; `stream` does without. Raises QueryError when
        the query does not parse, is no SELECT, fails, or has not ended after `timeout_s` seconds.

        >>> import hopline
        >>> with hopline.open("sample_logs/crash") as session:
        ...     result = session.sql("SELECT outcome, count(*) AS requests FROM requests WHERE failed GROUP BY ALL")
        >>> sorted(result.to_pylist(), key=lambda row: row["requests"])
        [{'outcome': 'upstream_error', 'requests': 1}, {'outcome': 'upstream_unreachable', 'requests': 112}]
        """
        return Result(self._ask().sql(query, params, timeout_s=timeout_s))

    def stream(
        self, query: str, params: Mapping[str, object] | None = None, *, timeout_s: float | None = None
    ) -> pa.RecordBatchReader:
        """Run one SELECT and return its rows a batch at a time: memory is bounded however many there are.

        As `sql`, but an integer that does not fit 64 bits raises QueryError, and `timeout_s` bounds the time until the
        last batch. The session can be asked other things meanwhile.
        """
        return self._ask().stream(query, params, timeout_s=timeout_s)

    def holding(
        self, name: str, query: str, params: Mapping[str, object] | None = None
    ) -> AbstractContextManager[None]:
        """Return a `with` block in which the rows of a SELECT have a name: for many questions about them.

        Raises QueryError as `sql` does.

        >>> import hopline
        >>> with hopline.open("sample_logs/crash") as session:
        ...     with session.holding("lost", "FROM requests WHERE failed"):
        ...         codes = session.sql("SELECT DISTINCT response_code FROM lost").to_pylist()
        ...         paths = session.sql("SELECT path, count(*) AS requests FROM lost GROUP BY ALL").num_rows
        >>> codes
        [{'response_code': 503}]
        """
        return self._ask().holding(name, query, params)

    @property
    def requests(self) -> Result:
        """Every request that entered the logs, with who served it: all columns of the view `requests`.

        All rows are held in memory: of a large log ask `sql` for the columns and the window that matter.
        """
        return self.sql("FROM requests")

    def failovers(self) -> Result:
        """Return the failovers, one row per proxy and service, in the order of their onset.

        An instant `x` is `x_earliest` and `x_latest`, both None when it did not happen; a duration `d` is `d_min_s`
        and `d_max_s`, in seconds.
        """
        return self.sql(_FAILOVERS)

    def report(
        self,
        *,
        title: str | None = None,
        tz: str = "UTC",
        marks: Iterable[tuple[datetime, str]] = (),
        redaction: Redaction | None = None,
    ) -> Report:
        """Return the report, an immutable value that a notebook shows as the page that `hopline report` writes.

        `tz` is the IANA name of the zone of its times; `marks` are (aware time, label) pairs to draw on the timelines;
        `redaction` says what to take out. `hopline.to_html`, `to_markdown` and `to_json` write it.
        """
        import reports

        return reports.build_report(self._ask(), title=title, tz=tz, marks=marks, redaction=redaction)

    def figures(self, *, tz: str = "UTC", marks: Iterable[tuple[datetime, str]] = ()) -> dict[str, go.Figure]:
        """Return the timelines as plotly figures, by the name of their scene, in the order of the report.

        Where there was a failover, the first is the timeline of the first incident; an overview of the whole log
        is named `log-1`. Times on the axis are wall-clock times of `tz`.
        """
        import reports

        return reports.draw_figures(self.report(tz=tz, marks=marks))

    def timeline(self, *, tz: str = "UTC", marks: Iterable[tuple[datetime, str]] = ()) -> go.Figure:
        """Return the first of `figures`: what happened, in one picture that a notebook shows.

        Raises UsageError where the logs hold no request with a time, and so nothing to draw.
        """
        drawn = self.figures(tz=tz, marks=marks)
        if not drawn:
            raise UsageError(
                "nothing can be drawn: no request in the logs has a time",
                hint="see what session.sql('FROM sources') says",
            )
        return next(iter(drawn.values()))

    def close(self) -> None:
        """Release the database, and remove what was kept on disk. Closing twice does no harm."""
        self._close()

    def _ask(self) -> analysis.Session:
        if not self._close.alive:
            raise UsageError("the session is closed", hint="ask before the `with` block ends, or open the logs again")
        return self._inner

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<hopline.Session{'' if self._close.alive else ', closed'}>"


def open_session(
    logs: str | Path | Sequence[str | Path],
    *,
    inventory: Sequence[str | Path] = (),
    log_format: str | None = None,
    log_format_from: str | Path | Sequence[str | Path] = (),
    options: analysis.Options | None = None,
    workers: int | None = None,
) -> Session:
    """Read access logs, or open a store, and return a session that answers questions about them.

    `logs` are files, folders, globs, `-` for standard input, or `CLUSTER/GATEWAY=PATH`; or the folder of one store
    that `hopline ingest` made. `inventory` is what the mesh declared and Envoy knew; `log_format` is Envoy's own format
    string for logs in no known format, and `log_format_from` names files that set it: mesh configuration, Telemetry,
    EnvoyFilter, a config dump. `options` narrow the logs down and say how failovers are read out of them; `workers` is
    the number of processes that read (by default as many as pay). Raises SourceError when nothing can be read, and
    FormatError for a bad format.

    >>> import hopline
    >>> session = hopline.open("sample_logs/crash", options=hopline.Options(service="frontend.mycompany.mesh"))
    >>> session.failovers().to_polars().select("kind", "trigger", "primary", "secondary", "failed").rows()
    [('complete', 'connect_failure', 'cluster1', 'cluster2', 113)]
    >>> session.close()
    """
    with ExitStack() as stack:
        inner = stack.enter_context(
            open_logs(
                logs,
                inventory=inventory,
                log_format=log_format,
                log_format_from=log_format_from,
                options=options,
                workers=workers,
            )
        )
        return Session(inner, stack.pop_all())
