"""Console blocks: commands shown in the documentation, with the output they really give.

    ```console
    $ hopline endpoints sample_logs/crash
    ...
    ```

A line `...` in the output stands for any number of lines. Commands run in a folder of their own, one after the
other for each page, with `sample_logs` in it.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.docs.queries import is_answered, renew_answers
from tests.warm import HOME, warm_commands, write_launcher

_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_ELISION = "..."


@dataclass(frozen=True)
class Example:
    """One command and the output that is shown for it."""

    command: str
    output: tuple[str, ...]


def find_pages() -> list[Path]:
    """Return every page that holds console blocks, or has its SQL answered."""
    pages = (HOME / "README.md", *(HOME / "docs").rglob("*.md"))
    return sorted(page for page in pages if _BLOCK.search(text := page.read_text()) or is_answered(text))


def read_examples(block: str) -> Iterator[Example]:
    """Yield the commands of one block; a command goes on in the next line after a backslash."""
    command: list[str] = []
    output: list[str] = []
    for line in block.splitlines():
        if command and command[-1].endswith("\\"):
            command.append(line)
        elif line.startswith("$ "):
            if command:
                yield Example("\n".join(command), tuple(output))
            command, output = [line[2:]], []
        else:
            output.append(line)
    if command:
        yield Example("\n".join(command), tuple(output))


def run_example(command: str, folder: Path) -> list[str]:
    """Run a command in a shell and return what it writes to both its outputs."""
    tools = folder.parent / f"{folder.name}-bin"
    tools.mkdir(exist_ok=True)
    write_launcher(tools / "hopline", warm_commands())
    if not (folder / "sample_logs").exists():
        (folder / "sample_logs").symlink_to(HOME / "sample_logs")
    environment = {
        **{name: value for name, value in os.environ.items() if name not in ("COLUMNS", "FORCE_COLOR")},
        "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}",
        "NO_COLOR": "1",
        "PYTHONIOENCODING": "utf-8",
        "LC_ALL": "C.UTF-8",
    }
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=120,
        check=False,
    )
    return [line.rstrip() for line in done.stdout.decode().splitlines()]


def fit(shown: tuple[str, ...], real: list[str]) -> list[str]:
    """Return the real output, shortened where the shown one is."""
    if _ELISION not in shown:
        return real
    head = shown.index(_ELISION)
    tail = len(shown) - head - 1
    if len(real) <= head + tail:
        return real
    return [*real[:head], _ELISION, *(real[-tail:] if tail else [])]


def renew(page: Path, folder: Path) -> str:
    """Return the text of `page` with the output of every command, and the answer to every query, as it is now."""

    def write_block(match: re.Match[str]) -> str:
        lines: list[str] = []
        for example in read_examples(match[1]):
            lines += [f"$ {example.command}", *fit(example.output, run_example(example.command, folder))]
        return "```console\n" + "\n".join(lines) + "\n```"

    return _BLOCK.sub(write_block, renew_answers(page.read_text()))
