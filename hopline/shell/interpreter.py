"""What the shell does with a statement, whoever it comes from: run it and show its rows, or obey a command."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from hopline.commands.schema import describe, introduce, list_relations
from hopline.console import say
from hopline.shell.statements import is_command
from hopline.writers import TableFormat, choose_format, is_streamed, write_table
from ingest.errors import UsageError

if TYPE_CHECKING:
    import pyarrow as pa

    import analysis

#: Command -> what `.help` says of it.
COMMANDS: Mapping[str, str] = {
    ".schema [NAME]": "tables, views and macros, or the columns of one and what they mean",
    ".views": "tables, views and macros",
    ".export FILE": "write the rows of the last query to a file, in the format that its name says",
    ".format [NAME]": f"how rows are shown: {', '.join(TableFormat)}",
    ".timer on|off": "say after each query how long it took",
    ".help": "this list",
    ".quit": "leave; Ctrl-D does as well",
}


class LeaveError(Exception):
    """`.quit`: no error of anybody."""


@dataclass
class Interpreter:
    """Runs statements over one session; `show` puts the rows of a table before the eyes of a person."""

    session: analysis.Session
    show: Callable[[pa.Table], None]
    format: TableFormat = TableFormat.TABLE
    timeout_s: float | None = None
    timer: bool = False
    last: str | None = None

    def run(self, text: str) -> None:
        """Run one statement or command; raises HoplineError where it fails, LeaveError where it ends the shell."""
        if is_command(text):
            self._obey(text.strip())
            return
        started = time.perf_counter()
        self._show_query(text)
        self.last = text
        if self.timer:
            say(f"{time.perf_counter() - started:.3f} s")

    def _show_query(self, text: str) -> None:
        if is_streamed(self.format):
            write_table(self.session.stream(text, timeout_s=self.timeout_s), self.format)
        elif self.format is TableFormat.TABLE:
            self.show(self.session.sql(text, timeout_s=self.timeout_s))
        else:
            write_table(self.session.sql(text, timeout_s=self.timeout_s), self.format)

    def _obey(self, text: str) -> None:
        name, _, argument = text.rstrip(";").partition(" ")
        argument = argument.strip()
        obey = {
            ".schema": self._describe,
            ".views": self._describe,
            ".export": self._export,
            ".format": self._choose_format,
            ".timer": self._set_timer,
            ".help": self._help,
            ".quit": self._leave,
            ".exit": self._leave,
        }.get(name)
        if obey is None:
            near = get_close_matches(name, [command.partition(" ")[0] for command in COMMANDS], n=1)
            raise UsageError(f"{name} is no command", hint=f"did you mean {near[0]}?" if near else ".help lists them")
        obey(argument)

    def _describe(self, name: str) -> None:
        from analysis.catalog import public_relations

        if not name:
            self.show(list_relations())
            return
        known = {relation.name: relation for relation in public_relations()}
        if name not in known:
            near = get_close_matches(name, known, n=1)
            raise UsageError(
                f"there is no table, view or macro {name!r}",
                hint=f"did you mean {near[0]}?" if near else ".views lists them",
            )
        for line in introduce(known[name]):
            say(line)
        self.show(describe(known[name]))

    def _export(self, name: str) -> None:
        if not name:
            raise UsageError(".export needs the name of a file", hint="try .export rows.parquet")
        if self.last is None:
            raise UsageError("there is no query yet whose rows could be written", hint="run one first")
        path = Path(name).expanduser()
        chosen = choose_format(None, path)
        write_table(self.session.stream(self.last, timeout_s=self.timeout_s), chosen, path)
        say(f"wrote {path}")

    def _choose_format(self, name: str) -> None:
        if not name:
            say(self.format)
            return
        if name not in list(TableFormat):
            raise UsageError(f"{name!r} is no format", hint=f"one of {', '.join(TableFormat)}")
        self.format = choose_format(TableFormat(name), None)

    def _set_timer(self, word: str) -> None:
        if word not in ("on", "off", ""):
            raise UsageError(f".timer {word}: it is on or off", hint=".timer on")
        self.timer = not self.timer if not word else word == "on"

    def _help(self, _: str) -> None:
        for command, meaning in COMMANDS.items():
            say(f"{command:16}{meaning}")
        say("Anything else is SQL, and ends with a semicolon. Ctrl-C stops a query.")

    def _leave(self, _: str) -> None:
        raise LeaveError
