"""docs/accuracy.md: the scoreboard with what it means."""

from __future__ import annotations

from collections.abc import Sequence

from tests.scoreboard.expectations import HOME
from tests.scoreboard.judging import Result
from tests.scoreboard.known import KNOWN_WRONG
from tests.scoreboard.table import as_markdown, build_rows

PAGE = HOME / "docs" / "accuracy.md"

_HEAD = """\
# How right hopline is

Every incident below was recorded with real Envoys by the lab (`tests/lab`), while its clients kept a record of their
own: what they sent when, who answered, what failed. hopline got the logs, the inventory and the outlier events, and
never that record. This page is what came out.

An incident is told rightly when every failover in it is found and none is invented, its groups, kind and trigger are
right, as is whether it began before the log or was open at its end, and every instant is. An instant is right when its
interval holds the moment that the clients recorded and is no wider than three gaps between the requests around it
(and the 2 ms by which the log's clock is coarse). Cells say how wide the interval is, and how wide it may be, in
milliseconds; `-` is an instant that rightly is not there.
"""
_TAIL = """\
Log gaps, the log that starts mid-failover and the thinned one are derived from the recording of the crash. The truth of
a thinned log is that of the requests left in it; a hole in a log hides what was there all the same.

What is tested at other rates and for days is simulated. The simulator is held against these recordings
(`tests/analysis/test_mesh_model.py`): kind, trigger, primary, phases, how much was lost, how long it took, and what was
logged.

    make scoreboard

makes this page anew; `tests/scoreboard/expectations.toml` says what is expected of each incident, and why.
"""


def render(results: Sequence[Result]) -> str:
    """Return the page."""
    right = sum(result.ok for result in results)
    happened = "\n".join(f"- **{one.incident.name}**: {one.incident.what}" for one in results)
    parts = [_HEAD, f"**{right} of {len(results)} incidents are told rightly.**\n"]
    parts += [as_markdown(build_rows(results, KNOWN_WRONG)) + "\n", "## What happened in each\n", happened + "\n"]
    wrong = [one for one in results if not one.ok]
    if wrong:
        parts.append("## What is wrong\n")
    for one in wrong:
        parts.append(f"**{one.incident.name}**: {KNOWN_WRONG.get(one.incident.name, '')}\n")
        parts.append("\n".join(f"- {fault}" for fault in one.faults) + "\n")
    # Notes on what is not judged, a line for each reason.
    notes = [
        f"- {one.incident.name}, {name.replace('_', ' ')}: {reason}"
        for one in results
        for expected in one.incident.failovers
        for name, reason in expected.unjudged.items()
    ]
    if notes:
        parts.append("Not judged:\n\n" + "\n".join(notes) + "\n")
    return "\n".join([*parts, _TAIL])
