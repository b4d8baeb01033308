"""What to say when there is no failover: nothing happened, or nothing could be seen?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hopline.writers.values import write_time

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
       count(*) FILTER (endpoint_group IS NOT NULL) AS attributed,
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
    if not facts["attributed"]:
        return f"no failover can be told: {seen}, but no entry says which endpoint or cluster served it"
    return f"no failover in {seen}"


def _write_extent(facts: dict[str, Any]) -> str:
    if facts["first"] is None:
        return ""
    return f" from {write_time(facts['first'])[:19]}Z to {write_time(facts['last'])[:19]}Z"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
