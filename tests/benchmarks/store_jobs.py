"""What a job costs beside its work: `python -m tests.benchmarks.store_jobs`.

Start of a worker, a 24 MP photo there and back, how long the program's own interpreter is held
meanwhile, cancel to idle, crash to ready.
"""

from __future__ import annotations

import sys
import threading
import time

import numpy as np

from inpaint_studio.jobs.pool import WorkerPool

T = "tests.jobs.targets:"


class Pulse:
    """A thread that wants to run every millisecond and notes the longest it could not."""

    def __enter__(self) -> Pulse:
        self.longest = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _beat(self) -> None:
        last = time.perf_counter()
        while not self._stop.wait(0.001):
            now = time.perf_counter()
            self.longest = max(self.longest, (now - last) * 1e3)
            last = now


def main(rounds: int = 10) -> None:
    with WorkerPool() as pool:
        started = time.perf_counter()
        pool.start("light")
        pool.wait_ready("light", 60)
        print(f"worker ready after {time.perf_counter() - started:.2f} s")
        photo = np.random.default_rng(0).integers(0, 255, (4000, 6000, 3), dtype=np.uint8)
        with Pulse() as still:
            time.sleep(1.0)
        times = []
        with Pulse() as pulse:
            for _ in range(rounds):
                started = time.perf_counter()
                pool.submit(T + "send_back", photo).value()
                times.append(time.perf_counter() - started)
        started = time.perf_counter()
        photo.copy()
        copy = time.perf_counter() - started
        print(f"24 MP there and back: median {sorted(times)[rounds // 2] * 1e3:.0f} ms "
              f"(a copy in memory: {copy * 1e3:.0f} ms)")  # fmt: skip
        print(f"longest stall of another thread meanwhile {pulse.longest:.0f} ms "
              f"(with nothing to do: {still.longest:.0f} ms)")  # fmt: skip
        for target in ("polite", "deaf", "frozen"):
            ends, readies = [], []
            for _ in range(rounds):
                job = pool.submit(T + target)
                while job.state == "waiting":
                    time.sleep(0.005)
                started = time.perf_counter()
                job.cancel()
                job.wait()
                ends.append(time.perf_counter() - started)
                pool.wait_ready("light", 60)
                readies.append(time.perf_counter() - started)
            print(f"cancel of a {target} job: ended within {max(ends):.2f} s, "
                  f"worker ready again within {max(readies):.2f} s")  # fmt: skip
        for target in ("crash", "starve"):
            told, readies = [], []
            for _ in range(rounds):
                job = pool.submit(T + target)
                while job.state == "waiting":
                    time.sleep(0.001)
                started = time.perf_counter()
                job.wait()
                told.append(time.perf_counter() - started)
                pool.wait_ready("light", 60)
                readies.append(time.perf_counter() - started)
            middle = sorted(readies)[rounds // 2]
            print(f"{target}: told within {max(told):.2f} s, next worker ready within "
                  f"{max(readies):.2f} s (median {middle:.2f} s)")  # fmt: skip


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:]))
