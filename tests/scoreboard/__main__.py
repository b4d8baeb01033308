"""`python -m tests.scoreboard` prints the scoreboard; `--write` puts it into docs/accuracy.md as well."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence

from tests.scoreboard.expectations import load_incidents
from tests.scoreboard.judging import judge_incident
from tests.scoreboard.known import KNOWN_WRONG
from tests.scoreboard.page import PAGE, render
from tests.scoreboard.table import as_text, build_rows


def main(arguments: Sequence[str] | None = None) -> int:
    """Judge every incident, print the table and what is wrong; 1 if anything is wrong that is not known to be."""
    parser = argparse.ArgumentParser(prog="python -m tests.scoreboard", description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name} anew")
    parser.add_argument("--logs-only", action="store_true", help="give hopline no inventory and no outlier events")
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="just this incident")
    options = parser.parse_args(arguments)
    began = time.monotonic()
    results = [
        judge_incident(incident, inventory=not options.logs_only)
        for incident in load_incidents()
        if not options.only or incident.name in options.only
    ]
    print(as_text(build_rows(results, KNOWN_WRONG)))
    for result in results:
        for fault in result.faults:
            print(f"{result.incident.name}: {fault}")
    right = sum(result.ok for result in results)
    print(f"\n{right} of {len(results)} incidents told rightly ({time.monotonic() - began:.0f} s)")
    if options.write:
        PAGE.write_text(render(results))
    wrong = {result.incident.name for result in results if not result.ok}
    return 1 if wrong - KNOWN_WRONG.keys() else 0


if __name__ == "__main__":
    sys.exit(main())
