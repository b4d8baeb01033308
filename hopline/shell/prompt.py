"""The shell for a person: history, completion, statements over several lines, a pager, Ctrl-C."""

from __future__ import annotations

import io
import os
import shlex
import shutil
import signal
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from prompt_toolkit import PromptSession
from prompt_toolkit.auto_suggest import AutoSuggestFromHistory
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

from hopline.console import describe_screen, say, say_error, say_warnings
from hopline.destination import ReaderLeftError
from hopline.shell.interpreter import COMMANDS, Interpreter, LeaveError
from hopline.shell.statements import is_complete, split_statements
from hopline.shell.words import complete, find_begun, list_commands, list_functions
from hopline.writers import TableFormat, write_table
from hopline.writers.grid import write_grid
from ingest.errors import HoplineError

if TYPE_CHECKING:
    import pyarrow as pa


class _CancelledError(BaseException):
    """Ctrl-C while a query runs."""


def converse(interpreter: Interpreter) -> None:
    """Read statements from a terminal and run them, until `.quit` or the end of input."""
    session: PromptSession[str] = PromptSession(
        message="hopline> ",
        prompt_continuation=lambda width, _number, _wrapped: "... ".rjust(width),
        multiline=True,
        history=_open_history(),
        completer=_Words(),
        complete_while_typing=False,
        auto_suggest=AutoSuggestFromHistory(),
        key_bindings=_bind_keys(),
        enable_open_in_editor=True,
    )
    # From here on Ctrl-C ends what is going on, and never the shell.
    with _cancellable():
        while True:
            try:
                text = session.prompt()
            except (KeyboardInterrupt, _CancelledError):
                continue
            except EOFError:
                return
            try:
                _run(interpreter, text)
            except LeaveError:
                return


def _run(interpreter: Interpreter, text: str) -> None:
    """Run what was typed, up to the first statement that fails or is stopped."""
    try:
        for statement in split_statements(text.splitlines(keepends=True)):
            interpreter.run(statement)
    except HoplineError as error:
        say_error(str(error), error.hint)
    except _CancelledError:
        say("interrupted")
    except ReaderLeftError:
        return


@contextmanager
def _cancellable() -> Iterator[None]:
    def cancel(_signal: int, _frame: object) -> NoReturn:
        raise _CancelledError

    before = signal.signal(signal.SIGINT, cancel)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def show_table(table: pa.Table) -> None:
    """Show a table on the terminal; one that is longer than the screen goes through a pager."""
    stream = io.BytesIO()
    write_grid(table, stream, describe_screen())
    pager = _find_pager()
    if pager is None or stream.getvalue().count(b"\n") < shutil.get_terminal_size().lines:
        write_table(table, TableFormat.TABLE)
        return
    with suppress(BrokenPipeError):
        subprocess.run(pager, input=stream.getvalue(), check=False)  # noqa: S603  # the pager that the user chose


def _find_pager() -> list[str] | None:
    """Return the pager to use: $PAGER (none where that is empty), else less where there is one."""
    wanted = os.environ.get("PAGER")
    if wanted is not None:
        return shlex.split(wanted) or None
    return ["less", "-RSX"] if shutil.which("less") else None


def find_history_file() -> Path:
    """Return the file that keeps what was typed: in the folder for state, which XDG_STATE_HOME may name."""
    state = os.environ.get("XDG_STATE_HOME", "")
    folder = Path(state) if os.path.isabs(state) else Path.home() / ".local" / "state"
    return folder / "hopline" / "history"


def _open_history() -> History:
    path = find_history_file()
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)
        if not os.access(path, os.R_OK | os.W_OK):
            raise PermissionError("no permission")
    except OSError as error:
        say_warnings([f"history is not kept: {path}: {error.strerror or error}"])
        return InMemoryHistory()
    return FileHistory(str(path))


def _bind_keys() -> KeyBindings:
    keys = KeyBindings()

    @keys.add("enter")
    def _(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        if is_complete(buffer.text) and not buffer.document.text_after_cursor.strip():
            buffer.validate_and_handle()
        else:
            buffer.insert_text("\n")

    return keys


class _Words(Completer):
    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        before = document.text_before_cursor
        begun = find_begun(before)
        for word in complete(before, list_functions(), list_commands(COMMANDS)):
            yield Completion(word.text, start_position=-len(begun), display_meta=word.kind)
