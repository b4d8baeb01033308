"""What to say when there is no failover: nothing happened, or nothing could be seen?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from analysis import Session

_FACTS = """
SELECT (SELECT count(*) FROM failovers) AS failovers,
       (SELECT count(*) FROM sources) AS sources,
       (SELECT coalesce(sum(entries_read), 0) FROM sources)::BIGINT AS entries,
       (SELECT coalesce(sum(access_log_rows), 0) FROM sources)::BIGINT AS parsed,
       (SELECT coalesce(sum(rejected), 0) FROM sources)::BIGINT AS rejected,
       count(*) AS requests,
       count(DISTINCT service) AS services,
       count(*) FILTER (endpoint_group IS NOT NULL) AS grouped,
       count(DISTINCT endpoint) FILTER (endpoint_kind <> 'none') AS endpoints,
       min(start_time) AS first, max(start_time) AS last
FROM requests
"""


def explain_nothing(session: Session) -> str | None:
    """Return one honest sentence on why there is no failover to show, or None when there is one."""
    facts = session.sql(_FACTS).to_pylist()[0]
    if facts["failovers"]:
        return None
    if not facts["parsed"]:
        why = (
            f"{facts['rejected']:,} of {_count(facts['entries'], 'line')} not understood"
            if facts["entries"]
            else "empty"
        )
        return f"no failover can be told: no access-log entry in {_count(facts['sources'], 'source')} ({why})"
    if not facts["requests"]:
        return f"no failover can be told: none of the {facts['parsed']:,} entries is in this selection"
    seen = f"{_count(facts['requests'], 'request')} of {_count(facts['services'], 'service')}{_write_extent(facts)}"
    if not facts["endpoints"]:
        return f"no failover can be told: {seen}, but no entry says which endpoint served it"
    if not facts["grouped"]:
        return f"no failover seen in {seen}; of no endpoint is it known in which cluster it is (-i FILE can say so)"
    return f"no failover in {seen}"


def _write_extent(facts: dict[str, Any]) -> str:
    if facts["first"] is None:
        return ""
    first, last = (f"{facts[end]:%Y-%m-%dT%H:%M:%SZ}" for end in ("first", "last"))
    return f" from {first} to {last}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
