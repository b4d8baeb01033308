"""When a dump was taken, as far as its first lines say so.

People write `date` before the command that they keep the output of, save HTTP headers with `curl -i`, or put the
time into a comment.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from ingest.times import parse_time

#: Lines at the start of a file in which its time is looked for.
PREAMBLE_LINES = 12

_HTTP_DATE = re.compile(r"date:\s*(\w{3}, \d{1,2} \w{3} \d{4} \d\d:\d\d:\d\d (?:GMT|UTC|[+-]\d{4}))\s*", re.IGNORECASE)
_RFC3339 = re.compile(r"(?:[#\s]|//)*(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?\s?(?:Z|UTC|[+-]\d\d:?\d\d))\s*")
#: What `date` prints in the C locale; other zones than UTC have no name that says their offset.
_DATE = re.compile(r"#?\s*\w{3} (\w{3}) +(\d{1,2}) (\d\d:\d\d:\d\d) (?:UTC|GMT) (\d{4})\s*")


def find_time(text: str) -> datetime | None:
    """Return the time (UTC) that a line of its own among the first lines of a dump tells; None where none does."""
    for line in text[:8192].split("\n")[:PREAMBLE_LINES]:
        found = read_time(line.rstrip("\r"))
        if found is not None:
            return found
    return None


def read_time(line: str) -> datetime | None:
    """Return the time (UTC) that a line consists of; None where it is anything else."""
    if match := _RFC3339.fullmatch(line):
        return parse_time(re.sub(r"\s?UTC$", "Z", match[1]))
    try:
        if match := _HTTP_DATE.fullmatch(line):
            return parsedate_to_datetime(match[1].replace("UTC", "GMT")).astimezone(UTC)
        if match := _DATE.fullmatch(line):
            month, day, clock, year = match.groups()
            return datetime.strptime(f"{day} {month} {year} {clock}", "%d %b %Y %H:%M:%S").replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
    return None
