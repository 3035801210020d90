"""Options that name an engine's own parameters: which model, and anything by name."""

from __future__ import annotations

import argparse

from inpaint_studio.errors import BadSetting
from inpaint_studio.records import Scalar


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
