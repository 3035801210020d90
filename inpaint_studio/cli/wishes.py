"""Options that several commands share: where a new photo goes, and an engine's parameters."""

from __future__ import annotations

import argparse
from pathlib import Path

from inpaint_studio.errors import BadSetting
from inpaint_studio.records import Scalar


def add_output(parser: argparse.ArgumentParser) -> None:
    """Add what every command that makes a new photo takes: where it goes, seed, force."""
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="OUT")
    parser.add_argument("--seed", type=int, default=0, help="same seed, same bytes")
    parser.add_argument("--force", action="store_true", help="accept whatever the gates say")
    parser.add_argument("--overwrite", action="store_true", help="let OUT be replaced")
    parser.add_argument("--quality", type=int, default=95, metavar="1..100", help="of a JPEG")


def add_wishes(parser: argparse.ArgumentParser) -> None:
    """Add `--model` and `--set`."""
    group = parser.add_argument_group("engine")
    group.add_argument("--model", default="", metavar="NAME", help="a model of `models list`")
    group.add_argument(
        "--set",
        action="append",
        default=[],
        dest="wishes",
        metavar="NAME=VALUE",
        help="a parameter of the engine, such as steps=20 or guidance=5",
    )


def parameters_of(args: argparse.Namespace) -> dict[str, Scalar]:
    """Return the parameters that were given. Raises: BadSetting: one is no NAME=VALUE."""
    found: dict[str, Scalar] = {"model": args.model} if args.model else {}
    for wish in args.wishes:
        name, equals, value = wish.partition("=")
        if not name or not equals:
            raise BadSetting(f"--set takes NAME=VALUE, such as steps=20, not {wish!r}.")
        found[name.strip()] = _scalar(value.strip())
    return found


def _scalar(text: str) -> Scalar:
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
