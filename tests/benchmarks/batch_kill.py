"""A batch of real photos, killed with -9 at random moments and resumed, counted afterwards.

    python -m tests.benchmarks.batch_kill [--photos 500] [--kills 20] [--way text|mask]

Photos come from the folder of test photos beside the checkout (repeated with other captions
when it holds too few); captions are drawn over copies in a temporary folder. Each session is
`inpaint-studio batch ... --resume` in a process of its own, killed with its workers at a random
moment. At the end every photo must have exactly one result: one row, and either one file in the
output that decodes, or at least one item in the queue, or a sentence.
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
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from inpaint_studio.paths import resource
from inpaint_studio.review.batch_worker import run_ids
from inpaint_studio.store.library import Library

DATA = Path(__file__).parents[3] / "shared" / "data"
WORDS = ("SALE 50%", "NEW", "Sample 2024", "COPYRIGHT", "www.shop.example", "Special offer")
MASK_BOX = (40, 200, 200, 236)


def make_photos(folder: Path, number: int, size: int, seed: int) -> list[Path]:
    """Draw captions over real photos; every photo has other bytes."""
    source = sorted((DATA / "photos").glob("*.jpg"))
    if not source:
        raise SystemExit("the shared test photos are not beside this checkout")
    font_file = next(iter(sorted(resource("fonts").glob("*SemiBold*"))))
    folder.mkdir(parents=True)
    paths = []
    for n in range(number):
        rng = random.Random(seed * 100_000 + n)
        with Image.open(source[n % len(source)]) as photo:
            picture = photo.convert("RGB")
        if size:
            picture = picture.resize((size, size * 2 // 3))
        draw = ImageDraw.Draw(picture)
        font = ImageFont.truetype(
            str(font_file), rng.randint(picture.width // 20, picture.width // 11)
        )
        words = rng.choice(WORDS)
        x = rng.randint(4, max(5, picture.width - int(draw.textlength(words, font=font)) - 4))
        y = rng.randint(4, max(5, picture.height - 50))
        draw.text((x, y), words, font=font, fill=rng.choice(("white", "yellow", "red", "black")))
        path = folder / f"sku{n // 4:03d}_{n % 4 + 1}.{'png' if n % 5 == 0 else 'jpg'}"
        picture.save(path, quality=92)
        paths.append(path)
    return paths


def masks_for(photos: list[Path], folder: Path) -> None:
    """One mask for every photo: a bar, as a shop's fixed watermark would be."""
    folder.mkdir()
    for path in photos:
        with Image.open(path) as picture:
            mask = np.zeros((picture.height, picture.width), np.uint8)
        top, left = picture.height * 6 // 10, picture.width // 8
        mask[top : top + picture.height // 12, left : left + picture.width // 3] = 255
        Image.fromarray(mask).save(folder / f"{path.stem}.png")


def session(command: list[str], kill_after: float | None) -> tuple[int, float, str]:
    """Run one session; kill it and its workers after so many seconds."""
    started = time.perf_counter()
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        start_new_session=True,
    )  # fmt: skip
    try:
        out, _ = process.communicate(timeout=kill_after)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        out, _ = process.communicate()
    return process.returncode, time.perf_counter() - started, out


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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=500)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--way", choices=("text", "mask"), default="text")
    parser.add_argument("--size", type=int, default=0, help="width in px (0: as they are)")
    parser.add_argument("--budget", default="auto")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--shortest", type=float, default=3.0)
    parser.add_argument("--longest", type=float, default=40.0)
    args = parser.parse_args()
    rng = random.Random(args.seed)
    with tempfile.TemporaryDirectory(prefix="batch-kill-") as name:
        root = Path(name)
        photos = make_photos(root / "in", args.photos, args.size, args.seed)
        masks_for(photos, root / "masks")
        way = ["--propose", "text"] if args.way == "text" else ["--masks", str(root / "masks")]
        base = [sys.executable, "-m", "inpaint_studio", "batch", str(root / "in"), "-o",
                str(root / "out"), "--library", str(root / "library"), "--json"]  # fmt: skip
        first = [*base, *way, "--budget", args.budget]
        total, kills, document = 0.0, 0, ""
        for number in range(args.kills + 1):
            is_last = number == args.kills
            wait = None if is_last else rng.uniform(args.shortest, args.longest)
            code, seconds, document = session(first if not is_last else [*base, "--resume"], wait)
            total += seconds
            kills += code == -signal.SIGKILL
            print(f"session {number + 1}: {seconds:.1f} s, ended with {code}", flush=True)
            if not is_last and code != -signal.SIGKILL:
                print("  (ended before the kill)")
        result = json.loads(document)
        print(f"\n{args.photos} photos, killed {kills} times: {result['counts']}")
        print(f"photos a minute over all sessions: {60 * args.photos / total:.1f}")
        print(f"last session: {result['per_minute']} a minute, {result['workers']} workers, "
              f"{result['peak_mb']:.0f} MB a worker at most")  # fmt: skip
        attempts = Counter(photo["attempts"] for photo in result["photos"])
        print(f"attempts per photo: {dict(sorted(attempts.items()))}")
        messages = Counter(photo["message"] for photo in result["photos"] if photo["message"])
        for message, times in messages.most_common(5):
            print(f"  {times} × {message[:160]}")
        wrong = check(root / "library", photos, root / "out")
        print(f"lost, doubled or contradictory: {len(wrong)}")
        for line in wrong[:20]:
            print(f"  {line}")
        again = session([*base, "--resume"], None)
        rerun = json.loads(again[2])
        print(f"second run over the same inputs: {again[1]:.1f} s, {rerun['per_minute']:.0f} done")
        raise SystemExit(1 if wrong else 0)


if __name__ == "__main__":
    main()
