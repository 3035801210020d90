"""The terminal's front door: one table of commands, one place where errors become exit codes."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol, TypeAlias

from inpaint_studio import __version__
from inpaint_studio.cli.output import (
    BAD_INPUT,
    BUG,
    CANCELLED,
    Output,
    Subparsers,
    common_arguments,
)
from inpaint_studio.cli.window import run_window, window_parser
from inpaint_studio.errors import Cancelled, UserError

COMMANDS: tuple[str, ...] = (
    "demo", "propose", "fill", "generate", "upscale", "judge", "batch", "review", "replay",
    "calibrate", "models", "doctor",
)  # fmt: skip
"""Each is a module of this package with `add_parser(subparsers, common)` and `run(args)`."""


OpenWindow: TypeAlias = Callable[[Sequence[Path], Path], int]
"""Given by `__main__`: the terminal and the window are neighbours and do not know each other."""


PIPE_CLOSED = 141


class Command(Protocol):
    """What a module named in `COMMANDS` holds."""

    def add_parser(self, subparsers: Subparsers, common: argparse.ArgumentParser) -> None: ...

    def run(self, args: argparse.Namespace) -> int: ...


class _Parser(argparse.ArgumentParser):
    """argparse, but its complaints are sentences that say where help is."""

    def error(self, message: str) -> None:  # type: ignore[override]
        sentence = message[:1].upper() + message[1:].rstrip(".")
        sys.stderr.write(f"{sentence}. See `{self.prog} --help`.\n")
        raise SystemExit(BAD_INPUT)


def build_parser(names: Sequence[str] = COMMANDS) -> argparse.ArgumentParser:
    """The parser of some commands (all of them by default); their modules are light to import."""
    parser = _Parser(
        prog="inpaint-studio",
        description="Remove and replace things in photos, offline, and know when an edit is bad. "
        "Without a command: the window.",
    )
    parser.add_argument("--version", action="version", version=f"inpaint-studio {__version__}")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser)
    common = common_arguments()
    for name in names:
        command(name).add_parser(subparsers, common)
    return parser


def command(name: str) -> Command:
    """Return the module of one command."""
    module: Command = importlib.import_module(f"inpaint_studio.cli.{name}")
    return module


def main(argv: Sequence[str] | None = None, open_window: OpenWindow | None = None) -> int:
    """Run one command, or the window when there is none. Returns the exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    harden()
    is_command = bool(arguments) and arguments[0] in (*COMMANDS, "-h", "--help", "--version")
    try:
        if not is_command:
            window = window_parser(_Parser).parse_args(arguments)
            return _guarded(
                lambda: run_window(window, open_window, commands=COMMANDS), as_json=False
            )
        known = [word for word in arguments[:1] if word in COMMANDS]
        args = build_parser(known or COMMANDS).parse_args(arguments)
    except SystemExit as end:
        return int(end.code or 0)
    return _guarded(lambda: command(args.command).run(args), as_json=args.json)


def harden() -> None:
    """Offline and no code from model files, before any of those libraries can be imported."""
    for key in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "DIFFUSERS_OFFLINE",
                "DIFFUSERS_DISABLE_REMOTE_CODE", "HF_HUB_DISABLE_TELEMETRY",
                "TORCH_FORCE_WEIGHTS_ONLY_LOAD"):  # fmt: skip
        os.environ[key] = "1"


def _guarded(action: Callable[[], int], *, as_json: bool) -> int:
    output = Output(as_json=as_json)
    try:
        return action()
    except (Cancelled, KeyboardInterrupt):
        output.error("Cancelled; nothing was changed.")
        output.document({"error": "cancelled", "exit_code": CANCELLED})
        return CANCELLED
    except UserError as error:
        output.error(str(error))
        output.document({"error": str(error), "exit_code": error.exit_code})
        return error.exit_code
    except BrokenPipeError:
        # Whoever read the output has gone (`| head`): end as a shell expects, without a word.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED
    except Exception as error:
        traceback.print_exc()
        output.error(f"This is a bug of ours ({type(error).__name__}); please report it.")
        output.document({"error": f"{type(error).__name__}: {error}", "exit_code": BUG})
        return BUG
