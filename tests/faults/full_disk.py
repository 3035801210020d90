"""The disk fills up in the middle of each action, again and again: run by test_full_disk.py.

    LD_PRELOAD=recorder.so RECORD_ROOT=... python -m tests.faults.full_disk FOLDER SEED COUNT

Prints one line for each thing that went wrong, then how often the disk was full.
"""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

from inpaint_studio.errors import StorageError
from inpaint_studio.store.library import Library
from tests.faults.workload import Worker, keys, looked_at

QUOTAS = (0, 64, 700, 3_000, 9_000, 30_000, 70_000)


def main(folder: Path, seed: int, count: int) -> None:
    fill = ctypes.CDLL(os.environ["LD_PRELOAD"]).recorder_quota
    fill.argtypes = [ctypes.c_longlong]
    known = list(keys(seed, count, folder.parent.parent / "model"))
    full = 0
    with Library.open(folder) as library:
        worker = Worker(library, seed)
        for number in range(count):
            for quota in QUOTAS:
                fill(quota)
                try:
                    worker.do(number)
                except StorageError as error:
                    full += 1
                    if "is full" not in str(error) or "free" not in str(error):
                        print(f"action {number}: no proper sentence: {error}")
                except Exception as error:
                    print(f"action {number}, {quota} bytes left: {error!r}")
                else:
                    break
                finally:
                    fill(-1)
                if worker.state().key() != known[number]:
                    print(f"action {number}, {quota} bytes left: the failed action left traces")
                if left := [*folder.rglob("*.part")]:
                    print(f"action {number}, {quota} bytes left: left behind {left}")
            else:
                worker.do(number)
            if worker.state().key() != known[number + 1]:
                print(f"action {number}: wrong state after space was freed")
    key, wrong = looked_at(folder)
    for line in wrong:
        print(line)
    if key != known[count]:
        print("the state at the end is wrong")
    print(f"full {full} times")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
