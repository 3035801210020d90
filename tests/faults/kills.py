"""kill -9 at random moments: `python -m tests.faults.kills [KILLS] [SEED]` (1,000 by default).

A child works on a library (workload.py) and acknowledges each action; it is killed after a
random time, the library is opened again and must show the last acknowledged state or the one in
flight; then the next child goes on from there. (Kills test recovery, not durability: the
system's cache survives them. Durability is what power_cuts.py is for.)
"""

from __future__ import annotations

import os
import random
import select
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.faults.player import play
from tests.faults.power_cuts import parsed_acks
from tests.faults.workload import keys, looked_at

MODEL = 400
"""Actions known beforehand per library; a new one is begun when they are used up."""


@dataclass
class Kill:
    """One kill: what was wrong after it, how many actions it cut off, how long opening took."""

    wrong: list[str]
    acknowledged: int
    seconds: float


def kills(scratch: Path, *, count: int, seed: int) -> Iterator[Kill]:
    """Yield the outcome of `count` kills."""
    dice = random.Random(seed)
    made = 0
    while made < count:
        seed += 1
        known = list(keys(seed, MODEL, scratch / f"model{seed}"))
        folder = scratch / f"kill{seed}" / "library"
        folder.parent.mkdir()
        done = -2  # Nothing yet, not even the state before the first action.
        while done < MODEL - 120 and made < count:
            done, kill = _one(folder, seed, done, known, dice.uniform(0.002, 0.25))
            made += 1
            yield kill
            if kill.wrong:
                break
        shutil.rmtree(scratch / f"kill{seed}")
        shutil.rmtree(scratch / f"model{seed}")


def _one(folder: Path, seed: int, done: int, known: list[str], after_s: float) -> tuple[int, Kill]:
    """Kill one child; return the number of the last action that is there, and the outcome."""
    source, target = os.pipe()
    child = os.fork()
    if child == 0:
        os.dup2(target, 1)
        try:
            play(folder, seed, max(0, done + 1), MODEL)
        finally:
            os._exit(0)
    os.close(target)
    time.sleep(after_s)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    text = b""
    while select.select([source], [], [], 0)[0] and (more := os.read(source, 1 << 16)):
        text += more
    os.close(source)
    acknowledged = max([done, *parsed_acks(text.decode())])
    if acknowledged < -1 and not (folder / "studio.db").exists():
        return done, Kill([], acknowledged, 0.0)
    started = time.perf_counter()
    try:
        key, wrong = looked_at(folder)
    except Exception as error:
        return done, Kill([f"does not open: {error!r}"], acknowledged, 0.0)
    seconds = time.perf_counter() - started
    allowed = [n for n in (acknowledged + 1, acknowledged, -1) if known[n + 1] == key and n >= -1]
    if not allowed or (acknowledged >= -1 and allowed[0] < acknowledged):
        wrong.append(f"after action {acknowledged} it shows another state")
        return done, Kill(wrong, acknowledged, seconds)
    return allowed[0], Kill(wrong, acknowledged, seconds)


def main(count: int = 1000, seed: int = 1) -> int:
    scratch = Path(tempfile.mkdtemp(prefix="kills-"))
    try:
        lost = actions = 0
        slowest = 0.0
        for number, kill in enumerate(kills(scratch, count=count, seed=seed), 1):
            lost += bool(kill.wrong)
            slowest = max(slowest, kill.seconds)
            for line in kill.wrong:
                print(f"kill {number}: {line}")
            if number % 100 == 0:
                print(f"{number} kills, {lost} with losses, slowest opening {slowest:.2f} s")
            actions = max(actions, kill.acknowledged)
        print(f"{count} kills: {lost} with losses; opened and checked in at most {slowest:.2f} s")
        return 1 if lost else 0
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main(*(int(word) for word in sys.argv[1:])))
