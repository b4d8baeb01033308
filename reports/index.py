"""Batch -> HTML: the page that leads to the reports of a batch; one file, like them, without any script."""

from __future__ import annotations

from markupsafe import Markup

from reports.batches import Batch
from reports.markup import open_templates, read_asset, write_policy
from reports.redaction import describe_redaction
from reports.wording import Clock, write_count, write_counted


def to_index_html(batch: Batch) -> str:
    """Return the table of a batch as one HTML page; the same batch gives the same bytes."""
    page: str = (
        open_templates()
        .get_template("index.html.j2")
        .render(
            batch=batch,
            headline=_write_headline(batch),
            judged=any(unit.verdict for unit in batch.units),
            standfirst=_write_extent(batch),
            clock=Clock(batch.time_zone),
            redaction=describe_redaction(batch.redacted),
            style=Markup(read_asset("page.css")),  # noqa: S704 - our own file
            policy=write_policy([]),
        )
    )
    return page


def _write_headline(batch: Batch) -> str:
    incidents = sum(unit.incidents for unit in batch.units)
    if batch.each == "incident":
        return write_counted(incidents, "incident") if incidents else "No incident"
    what = f"in {write_counted(len(batch.units), batch.each)}"
    # An incident of several services, or one that goes on past midnight, is in the report of each.
    return f"Failovers {what}" if incidents else f"No failover {what}"


def _write_extent(batch: Batch) -> str:
    """Return when all of it was, and what it cost where that adds up: an incident is counted once per incident only."""
    clock = Clock(batch.time_zone)
    starts = [unit.started for unit in batch.units if unit.started is not None]
    ends = [unit.ended for unit in batch.units if unit.ended is not None]
    if not starts or not ends:
        return ""
    between = f"{clock.write_full(min(starts))} to {clock.write_full(max(ends))} ({batch.time_zone})"
    failed, requests = (sum(getattr(unit, name) for unit in batch.units) for name in ("failed", "requests"))
    meanwhile = "in them" if batch.each == "incident" else "in all"
    return f"{between}; {write_count(failed)} of {write_counted(requests, 'request')} {meanwhile} failed."
