"""A batch of real photos, killed with -9 at random moments and resumed, counted afterwards.

    python -m tests.benchmarks.batch_kill [--photos 500] [--kills 20] [--way text|mask]
        [--by cli|window]

Photos are made by `batch_photos` in a temporary folder. Each session is a process group of its
own: the command line, or the window driven by its own buttons (`batch_window`). Kills hit the
whole group; every third one hits the program alone, whose workers must then end by themselves.
At the end every photo must have exactly one result: one row, and either one file in the output
that decodes, or at least one item in the queue, or a sentence.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import psutil
from PIL import Image

from inpaint_studio.review.batch_plan import run_ids
from inpaint_studio.store.library import Library
from tests.benchmarks.batch_photos import make_photos, masks_for

LOOK_S = 1.0
ORPHANS_END_S = 5.0


@dataclass(slots=True)
class Session:
    """How one session went. peak_mb: the program and its workers together (PSS)."""

    code: int
    seconds: float
    text: str
    peak_mb: float
    orphans: int


def session(command: list[str], kill_after: float | None, *, alone: bool) -> Session:
    """Run one session and kill it after so many seconds; alone: the program, not its workers."""
    started = time.perf_counter()
    with tempfile.TemporaryFile("w+") as out:
        process = subprocess.Popen(
            command, stdout=out, stderr=subprocess.DEVNULL, text=True, start_new_session=True
        )
        peak, family = 0.0, set()
        while process.poll() is None:
            mb, seen = _weigh(process.pid)
            peak, family = max(peak, mb), family | seen
            left = kill_after - (time.perf_counter() - started) if kill_after else LOOK_S
            if left <= 0:
                os.kill(process.pid, signal.SIGKILL) if alone else os.killpg(
                    process.pid, signal.SIGKILL
                )
                break
            time.sleep(min(LOOK_S, left))
        code = process.wait()
        seconds = time.perf_counter() - started
        _, alive = psutil.wait_procs(family, timeout=ORPHANS_END_S)
        for left_over in alive:
            left_over.kill()
        out.seek(0)
        return Session(code, seconds, out.read(), peak, len(alive))


def _weigh(pid: int) -> tuple[float, set[psutil.Process]]:
    """Return the memory of a process and all below it in MB, and those below it."""
    total, below = 0, set()
    try:
        whole = psutil.Process(pid)
        below = set(whole.children(recursive=True))
        for one in (whole, *below):
            total += one.memory_full_info().pss
    except psutil.Error:
        pass
    return total / 1e6, below


def check(library_dir: Path, photos: list[Path], output: Path) -> list[str]:
    """Return what is wrong: photos lost or doubled, files or items that do not fit their row."""
    wrong: list[str] = []
    with Library.open(library_dir, wait_s=10) as library:
        (batch,) = library.batches.all()
        rows = library.batches.items(batch.batch_id)
        counted = Counter(row.path for row in rows)
        wrong += [f"{p} has {counted[str(p)]} rows" for p in photos if counted[str(p)] != 1]
        items = Counter(row.run_id for row in library.reviews.select("origin = 'flagged'"))
        known = {run for row in rows for run in run_ids(row.data)}
        with library.database.reading() as tx:
            stored = {str(row[0]) for row in tx.rows("SELECT run_id FROM runs")}
        wrong += [f"run {run} belongs to no photo" for run in stored - known]
        for row in rows:
            is_there = Path(row.output).exists()
            queued = any(items[run] for run in run_ids(row.data))
            if row.state in ("done", "clean"):
                if not is_there or queued:
                    wrong.append(f"{row.path}: {row.state}, file {is_there}, queued {queued}")
                else:
                    with Image.open(row.output) as picture:
                        picture.load()
            elif row.state == "flagged":
                if not queued or is_there:
                    wrong.append(f"{row.path}: flagged, file {is_there}, queued {queued}")
            elif not (row.state in ("failed", "set aside") and row.message):
                wrong.append(f"{row.path}: {row.state} {row.message}")
        outputs = {Path(row.output) for row in rows}
        wrong += [f"{p} belongs to nothing" for p in output.rglob("*") if p.is_file() and (
            p not in outputs and not p.name.endswith(".part")
        )]  # fmt: skip
    return wrong


def commands(root: Path, args: argparse.Namespace) -> tuple[list[str], list[str]]:
    """Return the command of the first session and the one that goes on afterwards."""
    given, output, library = root / "in", root / "out", root / "library"
    masks = ["--masks", str(root / "masks")] if args.way == "mask" else []
    if args.by == "window":
        window = [sys.executable, "-m", "tests.benchmarks.batch_window", str(given), str(output),
                  str(library), "--budget", args.budget, *masks]  # fmt: skip
        return window, window
    base = [sys.executable, "-m", "inpaint_studio", "batch", str(given), "-o", str(output),
            "--library", str(library), "--json"]  # fmt: skip
    way = masks or ["--propose", "text"]
    return [*base, *way, "--budget", args.budget], [*base, "--resume"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=500)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--way", choices=("text", "mask"), default="text")
    parser.add_argument("--by", choices=("cli", "window"), default="cli")
    parser.add_argument("--budget", default="auto")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--shortest", type=float, default=3.0, help="s until a kill, at least")
    parser.add_argument("--longest", type=float, default=40.0, help="s until a kill, at most")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="batch-kill-") as name:
        raise SystemExit(_run(Path(name), args))


def _run(root: Path, args: argparse.Namespace) -> int:
    rng = random.Random(args.seed)
    photos = make_photos(root / "in", args.photos, args.seed)
    if args.way == "mask":
        masks_for(photos, root / "masks")
    first, again = commands(root, args)
    sessions: list[Session] = []
    for number in range(args.kills + 1):
        wait = None if number == args.kills else rng.uniform(args.shortest, args.longest)
        # Not before the first photos are listed: a batch that was never planned cannot go on.
        known = (root / "library" / "studio.db").exists() and sessions and number > 1
        one = session(again if known else first, wait, alone=number % 3 == 2)
        sessions.append(one)
        print(f"session {number + 1}: {one.seconds:.1f} s, ended with {one.code}, "
              f"{one.peak_mb:.0f} MB in all, {one.orphans} left behind", flush=True)  # fmt: skip
    last = sessions[-1]
    result = json.loads(last.text)
    kills = sum(one.code == -signal.SIGKILL for one in sessions)
    total = sum(one.seconds for one in sessions)
    print(f"\n{args.photos} photos by {args.by}, killed {kills} times: {result['counts']}")
    print(f"photos a minute over all sessions: {60 * args.photos / total:.1f}")
    print(f"last session: {result['per_minute']} a minute, {result['peak_mb']:.0f} MB a worker at "
          f"most; most memory of program and workers together: "
          f"{max(one.peak_mb for one in sessions):.0f} MB")  # fmt: skip
    attempts = Counter(photo["attempts"] for photo in result["photos"])
    print(f"attempts per photo: {dict(sorted(attempts.items()))}")
    messages = Counter(photo["message"] for photo in result["photos"] if photo["message"])
    for message, times in messages.most_common(5):
        print(f"  {times} × {message[:160]}")
    wrong = check(root / "library", photos, root / "out")
    orphans = sum(one.orphans for one in sessions)
    print(f"lost, doubled or contradictory: {len(wrong)}; workers left behind: {orphans}")
    for line in wrong[:20]:
        print(f"  {line}")
    if args.by == "cli":
        rerun = session(again, None, alone=False)
        done = json.loads(rerun.text)["per_minute"]
        print(f"second run over the same inputs: {rerun.seconds:.1f} s, {done:.0f} photos done")
    return 1 if wrong or orphans else 0


if __name__ == "__main__":
    main()
