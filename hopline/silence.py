"""What to say when there is nothing to show: nothing happened, or nothing could be seen?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hopline.asking import Asking

_SOURCES = """
SELECT count(*) AS sources, coalesce(sum(entries_read), 0)::BIGINT AS entries,
       coalesce(sum(access_log_rows), 0)::BIGINT AS parsed, coalesce(sum(rejected), 0)::BIGINT AS rejected
FROM sources
"""
_REQUESTS = """
SELECT sum(requests)::BIGINT AS requests, count(DISTINCT service) AS services, min(first_time) AS first,
       max(last_time) AS last, count(DISTINCT endpoint) AS endpoints,
       coalesce(sum(requests) FILTER (endpoint_group IS NOT NULL), 0)::BIGINT AS grouped,
       coalesce(sum(requests) FILTER (NOT failed), 0)::BIGINT AS answered
FROM counted_kinds
"""


def explain_no_failover(session: Asking) -> str | None:
    """Return one honest sentence on why there is no failover to show, or None when there is one."""
    if session.sql("SELECT 1 FROM failovers LIMIT 1").num_rows:
        return None
    if nothing := explain_no_requests(session):
        return f"no failover can be told: {nothing}"
    facts = session.sql(_REQUESTS).to_pylist()[0]
    seen = f"{_count(facts['requests'], 'request')} of {_count(facts['services'], 'service')}{_write_extent(facts)}"
    if not facts["endpoints"]:
        return f"no failover can be told: {seen}, but no entry says which endpoint served it"
    if not facts["answered"]:
        return f"no failover can be told: all of {seen} failed; is it a filtered log?"
    if not facts["grouped"]:
        return f"no failover seen in {seen}; of no endpoint is it known in which cluster it is (-i FILE can say so)"
    return f"no failover in {seen}"


def explain_no_requests(session: Asking) -> str | None:
    """Return one honest sentence on why there is no request at all, or None when there is one."""
    if session.sql("SELECT 1 FROM requests LIMIT 1").num_rows:
        return None
    facts = session.sql(_SOURCES).to_pylist()[0]
    if facts["parsed"]:
        return f"none of {_count(facts['parsed'], 'access-log entry', 'access-log entries')} is in this selection"
    lines, sources = _count(facts["entries"], "line"), _count(facts["sources"], "source")
    if not facts["entries"]:
        return f"there is nothing in {sources}"
    if facts["rejected"]:
        damaged = f"{facts['rejected']:,} of {lines} in {sources} are access-log entries"
        return f"{damaged}, and none could be read (the table rejects says why)"
    return f"{lines} in {sources}, and none is an access-log entry in a format that `hopline formats` lists"


def _write_extent(facts: dict[str, Any]) -> str:
    if facts["first"] is None:
        return ""
    first, last = (f"{facts[end]:%Y-%m-%dT%H:%M:%SZ}" for end in ("first", "last"))
    return f" from {first} to {last}"


def _count(number: int, noun: str, several: str | None = None) -> str:
    return f"{number:,} {noun if number == 1 else several or f'{noun}s'}"
