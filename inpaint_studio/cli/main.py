"""The terminal's front door: one table of commands, one place where errors become exit codes."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import traceback
from collections.abc import Sequence

from inpaint_studio import __version__
from inpaint_studio.cli.output import BAD_INPUT, BUG, CANCELLED, Output, common_arguments
from inpaint_studio.errors import Cancelled, InpaintError, UserError

COMMANDS: tuple[str, ...] = (
    "demo", "propose", "fill", "judge", "batch", "review", "replay", "calibrate",
    "models", "doctor", "worker", "serve",
)  # fmt: skip
"""Each is a module of this package with `add_parser(subparsers, common)` and `run(args)`."""


class _Parser(argparse.ArgumentParser):
    """argparse, but its complaints are sentences that say where help is."""

    def error(self, message: str) -> None:  # type: ignore[override]
        sentence = message[:1].upper() + message[1:].rstrip(".")
        sys.stderr.write(f"{sentence}. See `{self.prog} --help`.\n")
        raise SystemExit(BAD_INPUT)


def build_parser() -> argparse.ArgumentParser:
    """Every command of the contract. Command modules are light to import."""
    parser = _Parser(
        prog="inpaint-studio",
        description="Remove and replace things in photos, offline, and know when an edit is bad. "
        "Without a command: the window.",
    )
    parser.add_argument("--version", action="version", version=f"inpaint-studio {__version__}")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser)
    common = common_arguments()
    for name in COMMANDS:
        module = _module(name)
        if module is not None:
            module.add_parser(subparsers, common)
    return parser


def _module(name: str):  # type: ignore[no-untyped-def]
    try:
        return importlib.import_module(f"inpaint_studio.cli.{name}")
    except ModuleNotFoundError as error:
        if error.name == f"inpaint_studio.cli.{name}":
            return None
        raise


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command, or the window when there is none. Returns the exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    harden()
    if not arguments or (arguments[0] not in COMMANDS and not arguments[0].startswith("-")):
        return _guarded(lambda: _window(arguments), as_json=False)
    try:
        args = build_parser().parse_args(arguments)
    except SystemExit as end:
        return int(end.code or 0)
    if args.command is None:
        return _guarded(lambda: _window([]), as_json=False)
    return _guarded(lambda: int(_module(args.command).run(args)), as_json=args.json)


def harden() -> None:
    """Offline and no code from model files, before any of those libraries can be imported."""
    for key in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "DIFFUSERS_OFFLINE",
                "DIFFUSERS_DISABLE_REMOTE_CODE", "HF_HUB_DISABLE_TELEMETRY",
                "TORCH_FORCE_WEIGHTS_ONLY_LOAD"):  # fmt: skip
        os.environ[key] = "1"


def _window(photos: Sequence[str]) -> int:
    from inpaint_studio.cli.window import run_window

    return run_window(photos)


def _guarded(action, *, as_json: bool) -> int:  # type: ignore[no-untyped-def]
    output = Output(as_json=as_json)
    try:
        return int(action())
    except (Cancelled, KeyboardInterrupt):
        output.error("Cancelled; nothing was changed.")
        output.document({"error": "cancelled", "exit_code": CANCELLED})
        return CANCELLED
    except UserError as error:
        output.error(str(error))
        output.document({"error": str(error), "exit_code": error.exit_code})
        return error.exit_code
    except BrokenPipeError:
        return BUG
    except (InpaintError, Exception) as error:
        traceback.print_exc()
        output.error(f"This is a bug of ours ({type(error).__name__}); please report it.")
        output.document({"error": f"{type(error).__name__}: {error}", "exit_code": BUG})
        return BUG
