"""The way in: `hopline` and `python -m hopline`."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Sequence
from pathlib import Path

_ROOMS = ("ingest", "analysis", "reports")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; `arguments` are those of the process unless given."""
    if stranger := _find_stranger():
        sys.stderr.write(f"{stranger}\n")
        return 1
    from hopline.cli import run  # only now is it sure whose packages would be imported

    return run(arguments)


def _step_out_of_the_folder() -> None:
    """Undo what `python -m` does: put the current folder first, where a user's own `reports/` would hide ours."""
    home = Path(__file__).resolve().parent.parent
    first = Path(sys.path[0] or os.getcwd()).resolve() if sys.path else home
    if first == Path.cwd().resolve() and first != home:
        del sys.path[0]


def _find_stranger() -> str | None:
    """Return an error if one of our other packages would come from somewhere else than this one did."""
    home = Path(__file__).resolve().parent.parent
    for room in _ROOMS:
        spec = importlib.util.find_spec(room)
        origin = Path(spec.origin).resolve() if spec and spec.origin else None
        if origin is None or origin.parent.parent != home:
            found = f"comes from {origin.parent}" if origin else "is missing"
            return (
                f"error: hopline's package {room!r} {found}, not from {home / room}\n"
                f"hint: take {room!r} off PYTHONPATH, run from another folder, or install hopline again"
            )
    return None


if __name__ == "__main__":
    _step_out_of_the_folder()
    sys.exit(main())
