"""No worker outlives the program, however the program dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

_PARENT = """
import sys, threading
from inpaint_studio.jobs.pool import WorkerPool
pool = WorkerPool(light=2)
pool.start("light")
job = pool.submit("tests.jobs.targets:" + sys.argv[1])
pool.wait_ready("light", 30)
while job.state != "running" or len(pool.pids()) < 2:
    threading.Event().wait(0.01)
print(*pool.pids(), flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("target", ["deaf", "frozen", "polite"])
@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_workers_die_with_a_killed_parent(target: str) -> None:
    root = Path(__file__).parents[2]
    parent = subprocess.Popen(
        [sys.executable, "-c", _PARENT, target],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=root,
    )
    assert parent.stdin is not None and parent.stdout is not None
    workers = [psutil.Process(int(pid)) for pid in parent.stdout.readline().split()]
    assert len(workers) == 2
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdin.close()
    parent.stdout.close()
    _, alive = psutil.wait_procs(workers, timeout=5)
    left = [p for p in alive if p.status() != psutil.STATUS_ZOMBIE]
    for process in left:
        process.kill()
    assert left == []
