"""Opens the window, or says why it cannot be opened and how to go on."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from inpaint_studio.errors import BadPhoto, Missing
from inpaint_studio.paths import default_library

NO_DISPLAY = (
    "There is no display here, so the window cannot open. Log in to a desktop, set DISPLAY, or go "
    "on in the terminal: `inpaint-studio demo` walks real photos through everything, "
    "`inpaint-studio fill PHOTO --mask MASK -o OUT` makes one edit, `--help` lists the rest."
)


def has_display() -> bool:
    """Whether Qt can show a window (an explicit platform such as offscreen counts)."""
    if sys.platform in ("darwin", "win32") or os.environ.get("QT_QPA_PLATFORM"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def window_parser(kind: type[argparse.ArgumentParser]) -> argparse.ArgumentParser:
    """What the window takes: photos and a library."""
    parser = kind(prog="inpaint-studio", add_help=False)
    parser.add_argument("photos", nargs="*", type=Path)
    parser.add_argument("--library", type=Path, default=None)
    return parser


def run_window(
    args: argparse.Namespace, open_window: Callable[[Sequence[Path], Path], int] | None, *,
    commands: Sequence[str] = (),
) -> int:  # fmt: skip
    """Open the window with the photos named. Raises: Missing (no display, no Qt), BadPhoto."""
    for photo in args.photos:
        if not photo.exists() and str(photo) in commands:
            raise BadPhoto(
                f"The command comes first: `inpaint-studio {photo} …`, with options such as "
                "--library after it."
            )
        if not photo.exists():
            raise BadPhoto(
                f"There is no file {photo}. To see the commands: `inpaint-studio --help`."
            )
    if not has_display():
        raise Missing(NO_DISPLAY)
    if open_window is None:
        raise Missing("This command line was started without a window; start `inpaint-studio`.")
    try:
        return open_window(args.photos, args.library or default_library())
    except ImportError as error:
        raise Missing(
            f"The window's libraries cannot be loaded ({error}). On Debian-like systems `./studio` "
            "installs them; in the terminal everything else works."
        ) from error
