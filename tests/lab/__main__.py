"""The lab's command line: `list`, `run SCENARIO --out DIR`, `samples --out DIR`."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
import sys
from collections.abc import Coroutine, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from .errors import LabError
from .mesh import Settings
from .run import run_scenario
from .samples import ATTRIBUTION, INCIDENTS, SAMPLES, make_samples
from .scenarios import SCENARIOS


def build_parser() -> argparse.ArgumentParser:
    """Return the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.lab", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("list", help="name the scenarios and their timings")
    run = verbs.add_parser("run", help="record one scenario")
    run.add_argument("scenario", choices=sorted(SCENARIOS))
    run.add_argument("--out", type=Path, required=True, help="new or empty folder for the recording")
    run.add_argument("--set", action="append", default=[], metavar="NAME=SECONDS", help="a timing of the scenario")
    for name, help_text in (
        ("samples", "record sample_logs again"),
        ("incidents", "record tests/incidents again"),
        ("attribution", "record tests/attribution/recordings again"),
    ):
        verb = verbs.add_parser(name, help=help_text)
        verb.add_argument("--out", type=Path, required=True, help="folder that gets one folder per scenario")
        names = sorted(sample.name for sample in (*SAMPLES, *INCIDENTS, *ATTRIBUTION))
        verb.add_argument("--only", action="append", default=[], choices=names, help="just this one")
    for item in fields(Settings):
        flag = "--" + item.name.replace("_", "-")
        run.add_argument(flag, type=type(item.default), default=None, help=f"default {item.default}")
    return parser


async def _interruptible(work: Coroutine[Any, Any, None]) -> None:
    """Run `work`; SIGTERM and SIGINT cancel it, so that it cleans up."""
    loop = asyncio.get_running_loop()
    task = asyncio.ensure_future(work)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, task.cancel)
    await task


def _print_list() -> None:
    for name, scenario in sorted(SCENARIOS.items()):
        timings = " ".join(f"{key}={value:g}" for key, value in scenario.parameters.items())
        print(f"{name:14} {scenario.summary}\n{'':14} {timings}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    options = vars(build_parser().parse_args(arguments))
    if options["verb"] == "list":
        _print_list()
        return 0
    try:
        asyncio.run(_interruptible(_work(options)))
    except (LabError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except (asyncio.CancelledError, KeyboardInterrupt):
        print("interrupted: everything is cleaned up", file=sys.stderr)
        return 130
    return 0


async def _work(options: dict[str, Any]) -> None:
    if options["verb"] != "run":
        await make_samples(
            {"samples": SAMPLES, "incidents": INCIDENTS, "attribution": ATTRIBUTION}[options["verb"]],
            options["out"],
            options["only"],
        )
        return
    settings = {item.name: options[item.name] for item in fields(Settings) if options[item.name] is not None}
    await run_scenario(options["scenario"], options["out"], settings, _read_timings(options["set"]))


def _read_timings(pairs: Sequence[str]) -> dict[str, float]:
    timings = {}
    for pair in pairs:
        name, _, value = pair.partition("=")
        with contextlib.suppress(ValueError):
            timings[name] = float(value)
            continue
        raise LabError(f"--set {pair}: expected NAME=SECONDS")
    return timings


if __name__ == "__main__":
    sys.exit(main())
