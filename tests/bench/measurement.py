"""What a command costs: seconds, processor seconds and memory of it and all of its children."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: Seconds between two looks at the memory.
_INTERVAL = 0.05


@dataclass(frozen=True)
class Measured:
    """`answer` is the JSON that the command printed last; None where it failed, with `problem` saying how.

    `cpu_seconds` is of the whole process tree, imports included; `peak_bytes` is the largest sum of
    proportional set sizes (PSS: a shared page counts once) of the tree, seen every 50 ms.
    """

    answer: dict[str, Any] | None
    cpu_seconds: float
    peak_bytes: int
    problem: str = ""


def measure(module: str, arguments: Sequence[str], *, environment: dict[str, str] | None = None) -> Measured:
    """Run `python -m module arguments` in a fresh process to its end."""
    command = [sys.executable, "-m", module, *arguments]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, **(environment or {})}
    )
    peak = 0
    done = threading.Event()

    def watch() -> None:
        nonlocal peak
        while not done.wait(_INTERVAL):
            peak = max(peak, tree_memory(process.pid))

    watcher = threading.Thread(target=watch, daemon=True)
    before = os.times()
    watcher.start()
    printed, complaints = process.communicate()
    done.set()
    watcher.join()
    after = os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    if process.returncode:
        last = (complaints.strip().splitlines() or [f"exit code {process.returncode}"])[-1]
        return Measured(None, cpu, peak, last)
    return Measured(json.loads(printed.splitlines()[-1]), cpu, peak)


def tree_memory(root: int) -> int:
    """Return the PSS in bytes of a process and everything below it; 0 once it is gone."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                # The name of the program stands in parentheses and may hold anything.
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except (OSError, IndexError, ValueError):
                continue
            children.setdefault(parent, []).append(int(entry.name))
    total, waiting = 0, [root]
    while waiting:
        pid = waiting.pop()
        total += _pss(pid)
        waiting += children.get(pid, ())
    return total


def _pss(pid: int) -> int:
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        pass
    return 0
