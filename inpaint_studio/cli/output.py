"""What the terminal shows: one JSON document, or tables and a progress line with time left."""

from __future__ import annotations

import argparse
import json
import shlex
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from inpaint_studio.jobs.token import Progress as Report
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.paths import default_library

if TYPE_CHECKING:
    Subparsers: TypeAlias = argparse._SubParsersAction[Any]
else:
    Subparsers = Any

DONE, BUG, BAD_INPUT, FLAGGED, MISSING, CANCELLED = 0, 1, 2, 3, 4, 130


class Output:
    """Standard output for a command: with `--json` exactly one document and nothing else."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        self.console = _console(stderr=as_json)
        self.errors = _console(stderr=True)

    def document(self, data: Any) -> None:
        """Print the one JSON document (only with `--json`)."""
        if self.as_json:
            json.dump(data, sys.stdout, indent=1, ensure_ascii=False, default=str)
            sys.stdout.write("\n")
            sys.stdout.flush()

    def say(self, text: str) -> None:
        """Print a line for a person (never with `--json`)."""
        if not self.as_json:
            self.console.print(escape(text))

    def table(self, title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """Print a table for a person (never with `--json`)."""
        if self.as_json:
            return
        table = Table(title=title or None, box=None, pad_edge=False, title_justify="left")
        for column in columns:
            table.add_column(column, overflow="fold")
        for row in rows:
            table.add_row(*(escape(str(cell)) for cell in row))
        self.console.print(table)

    def error(self, sentence: str) -> None:
        self.errors.print(escape(sentence))

    @contextmanager
    def progress(self, label: str) -> Iterator[RunToken]:
        """A token whose reports draw a progress line on a terminal; Ctrl+C cancels it."""
        with interruptible() as token:
            if not self.errors.is_terminal:
                yield token
                return
            columns = (
                TextColumn("{task.description}"),
                BarColumn(bar_width=30),
                TextColumn("{task.percentage:>3.0f} %"),
                TimeElapsedColumn(),
                TextColumn("{task.fields[left]}"),
            )
            with Progress(*columns, console=self.errors, transient=True) as bar:
                task = bar.add_task(label, total=1.0, left="")

                def report(now: Report) -> None:
                    left = f"{now.seconds_left:.0f} s left" if now.seconds_left else ""
                    bar.update(
                        task,
                        completed=now.fraction,
                        description=f"{label}: {now.stage}",
                        left=left,
                    )

                yield RunToken(report, lambda: token.is_cancelled)


def _console(*, stderr: bool) -> Console:
    """A console that wraps for a terminal and leaves lines whole in a file."""
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else 160
    return Console(stderr=stderr, highlight=False, soft_wrap=True, width=width)


@contextmanager
def interruptible() -> Iterator[RunToken]:
    """Turn the first Ctrl+C into a wish to stop; the second one interrupts hard."""
    token = RunToken()

    def stop(_signal: int, _frame: object) -> None:
        token.cancel()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    try:
        before = signal.signal(signal.SIGINT, stop)
    except ValueError:  # not on the main thread: the caller cancels in its own way
        yield token
        return
    try:
        yield token
    finally:
        signal.signal(signal.SIGINT, before)


def common_arguments() -> argparse.ArgumentParser:
    """The options every command takes; used as a parent parser."""
    parent = argparse.ArgumentParser(add_help=False)
    parent.add_argument(
        "--library",
        type=Path,
        default=None,
        metavar="DIR",
        help="folder that keeps runs, edits and the review queue",
    )
    parent.add_argument(
        "--json", action="store_true", help="print one JSON document on standard output"
    )
    return parent


def review_command(library: Path) -> str:
    """Return the command that lists what waits in a library, as it can be typed."""
    named = "" if library == default_library() else f" --library {shlex.quote(str(library))}"
    return f"`inpaint-studio review list{named}`"


def library_path(args: argparse.Namespace) -> Path:
    """The library a command works on: `--library`, else the user's own."""
    return args.library if args.library is not None else default_library()
