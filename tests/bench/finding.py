"""`python -m tests.bench.finding FOLDER [--steps]`: find the failovers of a day, and print what was found as JSON."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

from analysis import open_session
from analysis.catalog import closure
from hopline.selection import MEMORY
from tests.bench.day import EXPECTED, PROXIES, files_of

_FOUND = """
SELECT service, kind, count(*) AS failovers, sum(failed)::BIGINT AS failed FROM failovers GROUP BY ALL ORDER BY ALL
"""


def main() -> int:
    """Find them, and say whether they are those that were made, and no others."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.finding", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--steps", action="store_true", help="print how long each relation took to build")
    options = parser.parse_args()
    begun = time.perf_counter()
    with open_session(files_of(options.folder), memory=MEMORY) as session:
        for name in closure({"failovers"}) if options.steps else ():
            start, cpu = time.perf_counter(), time.process_time()
            session.sql(f"SELECT 1 FROM {name} LIMIT 0")
            took = time.perf_counter() - start
            if took > 0.05:
                print(f"{name:<22} {took:7.2f} s, processor {time.process_time() - cpu:7.2f} s", file=sys.stderr)
        found = session.sql(_FOUND).to_pylist()
    seconds = time.perf_counter() - begun
    right = {row["service"]: row["kind"] for row in found} == EXPECTED
    right = right and all(row["failovers"] == PROXIES for row in found)
    print(json.dumps({"seconds": round(seconds, 2), "right": right, "found": found}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
