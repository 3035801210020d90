"""Simulated power cuts: `python -m tests.faults.power_cuts [CUTS] [SEED]` (10,000 by default).

A real run of the store (workload.py, in several lives, each ending without a goodbye) is
recorded write by write. Then the power is cut: between any two system calls the states the disk
may be in are rebuilt (disk.py), the library is opened from them by the real code, and every
acknowledged action must be there, nothing half-done, no row without its object.
"""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults import recorder
from tests.faults.disk import Disk
from tests.faults.recorder import Event
from tests.faults.workload import looked_at


@dataclass
class Record:
    """A recorded run. `events` ends each life with None. `keys`: action -> state after it."""

    root: Path
    events: list[Event | None] = field(default_factory=list)
    keys: dict[int, str] = field(default_factory=dict)


def record(
    scratch: Path, seed: int, *, lives: int, actions: int, weaken: str = "", newer: bool = False
) -> Record:
    """Let the player work and write down what it did to the disk.

    weaken: a safeguard to leave out. newer: the last life begins with a migration.
    """
    root = scratch / "disk"
    root.mkdir()
    made = Record(root)
    each = actions // lives
    for life in range(lives):
        log = scratch / f"log{life}"
        command = [sys.executable, "-m", "tests.faults.player", str(root / "library"), str(seed)]
        command += [str(life * each), str((life + 1) * each), "--leave"]
        command += ["--weaken", weaken] if weaken else []
        command += ["--newer"] if newer and life == lives - 1 else []
        result = subprocess.run(
            command,
            env=recorder.environment(root, log),
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
        )
        if result.returncode:
            raise RuntimeError(result.stderr)
        made.keys.update(parsed_acks(result.stdout))
        made.events += [*recorder.events(log), None]
    return made


def cut(made: Record, target: Path, *, cuts: int, seed: int) -> Iterator[tuple[str, list[str]]]:
    """Yield, for each cut, where it was and what was lost or broken by it (empty: nothing)."""
    dice = random.Random(seed)
    moments = Counter(dice.randrange(len(made.events) + 1) for _ in range(cuts))
    disk = Disk(made.root)
    acknowledged = -2
    for at in range(len(made.events) + 1):
        for _ in range(moments[at]):
            folder = target / "state"
            folder.mkdir()
            disk.cut(dice, folder)
            yield f"event {at}", _judge(folder / "library", acknowledged, made.keys)
            shutil.rmtree(folder)
        if at < len(made.events):
            event = made.events[at]
            if event is None:
                disk.restart()
            elif event.op == "w" and (
                numbers := parsed_acks(event.data.decode("latin-1"), strict=True)
            ):
                acknowledged = max(numbers)
            else:
                disk.apply(event)


def _judge(library: Path, acknowledged: int, known: dict[int, str]) -> list[str]:
    if acknowledged < -1 and not library.exists():
        return []
    try:
        started = time.perf_counter()
        key, wrong = looked_at(library)
        seconds = time.perf_counter() - started
    except Exception as error:
        return [f"does not open: {error!r}"]
    allowed = {known.get(n) for n in (acknowledged, acknowledged + 1)}
    if acknowledged >= -1 and key not in allowed:
        was = [n for n, k in known.items() if k == key]
        wrong.append(f"after action {acknowledged} it shows the state of {was or 'no action'}")
    if seconds > 2:
        wrong.append(f"took {seconds:.1f} s to open")
    return wrong


def parsed_acks(text: str, *, strict: bool = False) -> dict[int, str]:
    """Acknowledgements in `text`; with `strict` only where it is nothing else."""
    found: dict[int, str] = {}
    for line in text.splitlines():
        words = line.split(" ")
        if len(words) != 2 or len(words[1]) != 64 or not words[0].lstrip("-").isdigit():
            if strict:
                return {}
            continue
        found[int(words[0])] = words[1]
    return found


def scratch_folder() -> Path:
    """A folder in memory where there is one: the states are many and short-lived."""
    memory = Path("/dev/shm")
    return Path(tempfile.mkdtemp(prefix="cuts-", dir=memory if memory.is_dir() else None))


def main(cuts: int = 10_000, seed: int = 1) -> int:
    scratch = scratch_folder()
    try:
        made = record(scratch, seed, lives=3, actions=150)
        lost = 0
        started = time.perf_counter()
        for done, (where, wrong) in enumerate(cut(made, scratch, cuts=cuts, seed=seed), 1):
            lost += bool(wrong)
            for line in wrong:
                print(f"{where}: {line}")
            if done % 1000 == 0:
                print(f"{done} cuts, {lost} with losses, {time.perf_counter() - started:.0f} s")
        print(f"{cuts} power cuts over {len(made.events)} writes and syncs: {lost} with losses")
        return 1 if lost else 0
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main(*(int(word) for word in sys.argv[1:])))
