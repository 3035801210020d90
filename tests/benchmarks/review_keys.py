"""A keyboard-only review of 60 items in the real window, by real key events (Xvfb and xdotool).

    python -m tests.benchmarks.review_keys [--items 60] [--pause 0.3] [--shots DIR]

Nothing is simulated inside the program: keys go to the X server. Afterwards the library is
opened and the events on the disk are counted.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from PIL import ImageGrab

from inpaint_studio.review.events import CLOSING, standing
from inpaint_studio.review.filters import Filter
from inpaint_studio.review.queue import ReviewQueue
from inpaint_studio.store.library import Library
from tests.benchmarks.review_library import build

DISPLAY = os.environ.get("REVIEW_DISPLAY", ":87")


def keys(*names: str, pause: float) -> None:
    for name in names:
        subprocess.run(["xdotool", "key", "--clearmodifiers", name], check=True,
                       env={**os.environ, "DISPLAY": DISPLAY})  # fmt: skip
        time.sleep(pause)


def shot(folder: Path | None, name: str) -> None:
    if folder is not None:
        ImageGrab.grab(xdisplay=DISPLAY).save(folder / f"{name}.png")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=60)
    parser.add_argument("--pause", type=float, default=0.3, help="s between keys")
    parser.add_argument("--megapixels", type=float, default=2)
    parser.add_argument("--shots", type=Path, default=None)
    parser.add_argument("--start", type=float, default=60, help="most seconds until the window")
    args = parser.parse_args()
    for tool in ("Xvfb", "xdotool"):
        if shutil.which(tool) is None:
            raise SystemExit(f"{tool} is needed")
    if args.shots is not None:
        args.shots.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="review-keys-") as name:
        root = Path(name)
        build(root, items=args.items, photos=4, megapixels=args.megapixels,
              edits=min(args.items, 16)).close()  # fmt: skip
        server = subprocess.Popen(["Xvfb", DISPLAY, "-screen", "0", "1600x960x24"],
                                  stderr=subprocess.DEVNULL)  # fmt: skip
        environment = {**os.environ, "DISPLAY": DISPLAY, "QT_QPA_PLATFORM": "xcb",
                       "INPAINT_STUDIO_HOME": str(root / "home")}  # fmt: skip
        window = None
        try:
            time.sleep(1.0)
            window = subprocess.Popen(
                [sys.executable, "-m", "inpaint_studio", "--library", str(root / "library")],
                env=environment,
            )
            subprocess.run(
                ["xdotool", "search", "--sync", "--onlyvisible", "--name", "Inpaint Studio"],
                env=environment, check=True, timeout=args.start, stdout=subprocess.DEVNULL,
            )  # fmt: skip
            time.sleep(2.0)
            subprocess.run(["xdotool", "search", "--name", "Inpaint Studio", "windowfocus",
                            "windowsize", "1600", "960"], env=environment, check=False)  # fmt: skip
            seconds, presses = session(args)
            keys("ctrl+q", pause=0.5)
            window.wait(30)
        finally:
            if window is not None and window.poll() is None:
                window.kill()
            server.terminate()
            server.wait()
        count(root / "library", seconds, presses, args.items)


def session(args: argparse.Namespace) -> tuple[float, int]:
    """Decide everything; return the seconds it took and the keys pressed."""
    keys("alt+2", pause=4.0)
    shot(args.shots, "1_open")
    started = time.perf_counter()
    pressed = 0

    def press(*names: str) -> None:
        nonlocal pressed
        pressed += len(names)
        keys(*names, pause=args.pause)

    press("d")
    shot(args.shots, "2_difference")
    press("d", "y")
    shot(args.shots, "3_side")
    press("space", "a", "x")
    shot(args.shots, "4_reasons")
    press("5", "s", "Left", "Right", "z")
    shot(args.shots, "5_undone")
    press("space", "g")
    shot(args.shots, "6_group")
    press("a", "z", "g", "Tab", "Return")
    shot(args.shots, "7_left_out")
    press("a")
    for n in range(args.items):
        if n == 8:
            press("x", "5")
        else:
            press("space" if n % 5 else "a")
    seconds = time.perf_counter() - started
    time.sleep(2.0)
    shot(args.shots, "8_empty")
    keys("z", pause=1.5)
    shot(args.shots, "9_back")
    return seconds, pressed


def count(folder: Path, seconds: float, presses: int, items: int) -> None:
    with Library.open(folder, wait_s=20) as library:
        queue = ReviewQueue(library)
        events = queue.events()
        held = [e for e in standing(events) if e.verdict in CLOSING]
        states = Counter(r.state for r in queue.list(Filter(state=""), limit=1 << 31))
    verdicts = Counter(event.verdict for event in events)
    groups = Counter(event.group for event in events if event.group and event.verdict != "undo")
    print(f"{items} items, {presses} keys in {seconds:.1f} s")
    print(f"events on the disk: {dict(verdicts)}; groups of {sorted(groups.values())}")
    print(f"states: {dict(states)}")
    print(f"decided for good: {len(held)}; {60 * len(held) / seconds:.0f} a minute")


if __name__ == "__main__":
    main()
