"""Jobs end exactly once, whatever their worker does, and the next one finds a worker."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil
import pytest

from inpaint_studio.errors import BadMask, Cancelled, JobFailed
from inpaint_studio.jobs.job import Job
from inpaint_studio.jobs.pool import WorkerPool
from inpaint_studio.jobs.token import Progress
from tests.jobs import targets

T = "tests.jobs.targets:"
LONG_S = 30.0


def until(condition: Callable[[], bool], timeout_s: float = LONG_S) -> None:
    """Wait for a condition; fail when it does not come."""
    deadline = time.monotonic() + timeout_s
    wait = threading.Event()
    while not condition():
        assert time.monotonic() < deadline, "it did not come"
        wait.wait(0.002)


def runs(job: Job) -> bool:
    return job.state == "running" and job.progress is not None


def test_arrays_go_there_and_back_read_only(pool: WorkerPool) -> None:
    array = np.random.default_rng(0).integers(0, 255, (300, 400, 3), dtype=np.uint8)
    job = pool.submit(T + "double", array)
    result = job.value(LONG_S)
    assert (result == array * 2).all()
    assert not result.flags.writeable
    assert job.state == "finished"


@pytest.mark.parametrize(
    "value",
    [None, {"a": [1, (2.5, "ü")]}, b"\0" * 70000, np.zeros((0, 3)), np.arange(6).reshape(2, 3).T],
    ids=["none", "nested", "bytes", "empty", "transposed"],
)
def test_any_value_crosses(pool: WorkerPool, value: object) -> None:
    found = pool.submit(T + "send_back", value, kwargs={"word": "key"}).value(LONG_S)
    assert found[1] == {"word": "key"}
    assert np.array_equal(found[0], value) if isinstance(value, np.ndarray) else found[0] == value


def test_progress_comes_in_order_and_at_most_ten_a_second(pool: WorkerPool) -> None:
    seen: list[float] = []
    threads: set[str] = set()

    def note(job: Job, progress: Progress) -> None:
        seen.append(progress.fraction)
        threads.add(threading.current_thread().name)

    ended = threading.Event()
    job = pool.submit(T + "polite", on_progress=note, on_end=lambda job: ended.set())
    until(lambda: len(seen) >= 3)
    assert len(seen) <= job.seconds / 0.1 + 2
    job.cancel()
    assert ended.wait(LONG_S)
    many = pool.submit(T + "chatter", 100_000, on_progress=note)
    before = len(seen)
    assert many.value(LONG_S) == 100_000
    assert len(seen) - before <= many.seconds / 0.1 + 2
    assert seen[before:] == sorted(seen[before:])
    assert threads == {"jobs-callbacks"}


@pytest.mark.parametrize(
    ("target", "arguments", "words"),
    [
        ("crash", (), "crashed \\(SIGSEGV\\)"),
        ("leave", (3,), "exit code 3"),
        ("starve", (), "memory ran out"),
        ("bug", (), "error of the program's own \\(ZeroDivisionError: our own\\)"),
        ("no_memory", (), "not enough memory"),
        ("unpicklable", (), "error of the program's own"),
        ("not_there", (), "error of the program's own"),
    ],
)
def test_a_job_that_breaks_fails_with_a_sentence_and_the_next_one_works(
    pool: WorkerPool, target: str, arguments: tuple[object, ...], words: str
) -> None:
    job = pool.submit(T + target, *arguments)
    with pytest.raises(JobFailed, match=words):
        job.value(LONG_S)
    assert job.state == "failed"
    assert pool.submit(T + "send_back", "next").value(LONG_S) == "next"


def test_a_job_that_learns_is_told_what_it_did_when_its_workers_were_killed(
    pool: WorkerPool,
) -> None:
    found = pool.submit(T + "deed", learns="fatal").value(LONG_S)
    assert list(found) == ["one", "two"]
    assert all(how.startswith("the system stopped the worker") for how in found.values())
    with pytest.raises(JobFailed, match="memory ran out"):
        pool.submit(T + "deed").value(LONG_S)


def test_arguments_that_cannot_be_read_back_fail_the_job(pool: WorkerPool) -> None:
    job = pool.submit(T + "send_back", targets.Unreadable())
    with pytest.raises(JobFailed, match="ValueError"):
        job.value(LONG_S)
    assert pool.submit(T + "send_back", 1).value(LONG_S) == 1
    unsendable = pool.submit(T + "send_back", threading.Lock())
    with pytest.raises(JobFailed, match="cannot be sent"):
        unsendable.value(LONG_S)
    assert pool.submit(T + "send_back", 1).value(LONG_S) == 1


def test_user_errors_arrive_as_themselves_with_their_trace(pool: WorkerPool) -> None:
    with pytest.raises(BadMask, match="paint something first") as caught:
        pool.submit(T + "bad_mask").value(LONG_S)
    assert "in bad_mask" in caught.value.__notes__[0]


def test_what_a_job_prints_does_not_reach_the_wire(pool: WorkerPool) -> None:
    assert pool.submit(T + "noisy").value(LONG_S) == "quiet"


@pytest.mark.parametrize("target", ["polite", "deaf", "frozen"])
def test_cancel_ends_within_a_second_whatever_the_job_does(pool: WorkerPool, target: str) -> None:
    ends: list[str] = []
    job = pool.submit(T + target, on_end=lambda job: ends.append(job.state))
    until(lambda: job.state == "running")
    pids = pool.pids()
    asked = time.monotonic()
    job.cancel()
    job.cancel()
    assert job.wait(LONG_S)
    assert job.ended is not None and job.ended - asked < 1.0
    with pytest.raises(Cancelled):
        job.value()
    assert pool.submit(T + "send_back", 1).value(LONG_S) == 1
    until(lambda: bool(ends))
    assert ends == ["cancelled"]
    # One that listens costs no worker.
    assert (pool.pids() == pids) == (target == "polite")


def test_a_waiting_job_is_cancelled_at_once(pool: WorkerPool) -> None:
    first = pool.submit(T + "polite")
    second = pool.submit(T + "polite")
    until(lambda: runs(first))
    second.cancel()
    assert second.state == "cancelled"
    assert first.state == "running"
    assert pool.jobs() == [first]


def test_a_result_after_cancel_is_dropped(pool: WorkerPool) -> None:
    job = pool.submit(T + "sleeper", 0.1)
    until(lambda: job.state == "running")
    job.cancel()
    assert job.wait(LONG_S)
    assert (job.state, job.result) == ("cancelled", None)


def test_higher_priority_goes_first_and_front_before_all(pool: WorkerPool) -> None:
    order: list[str] = []
    block = pool.submit(T + "polite")
    until(lambda: runs(block))

    def add(label: str, priority: int = 0) -> Job:
        return pool.submit(
            T + "send_back",
            label,
            label=label,
            priority=priority,
            on_end=lambda job: order.append(job.label),
        )

    jobs = [add("low", -1), add("first"), add("second"), add("high", 5), add("front")]
    pool.to_front(jobs[-1])
    assert [job.label for job in pool.jobs()][1:] == ["front", "high", "first", "second", "low"]
    block.cancel()
    for job in jobs:
        job.wait(LONG_S)
    until(lambda: len(order) == 5)
    assert order == ["front", "high", "first", "second", "low"]


def test_a_job_may_be_tried_again(pool: WorkerPool, tmp_path: Path) -> None:
    job = pool.submit(T + "crash_once", str(tmp_path / "mark"), attempts=2)
    assert job.value(LONG_S) == "second"
    assert job.deaths == 1


def test_a_poison_job_is_set_aside_after_three_deaths(pool: WorkerPool) -> None:
    job = pool.submit(T + "leave", 5, attempts=10, key="photo-7")
    with pytest.raises(JobFailed, match="3 times and was set aside"):
        job.value(LONG_S)
    assert job.deaths == 3
    again = pool.submit(T + "send_back", 1, key="photo-7")
    with pytest.raises(JobFailed, match="set aside"):
        again.value(0)
    assert pool.submit(T + "send_back", 2, key="photo-8").value(LONG_S) == 2


@pytest.mark.parametrize("target", ["frozen", "deaf"])
def test_a_hung_job_is_stopped(target: str) -> None:
    """`frozen` stops the heartbeat, `deaf` beats on but never asks its token."""
    limits = {"silence_s": 1.5} if target == "frozen" else {"stall_s": 1.5}
    with WorkerPool(**limits) as pool:
        job = pool.submit(T + target)
        with pytest.raises(JobFailed, match="no sign of life"):
            job.value(LONG_S)
        assert pool.submit(T + "send_back", 1).value(LONG_S) == 1


def test_a_worker_killed_while_idle_costs_nothing(pool: WorkerPool) -> None:
    pool.start("light")
    assert pool.wait_ready("light", LONG_S)
    (old,) = pool.pids()
    os.kill(old, 9)
    assert pool.submit(T + "send_back", 1).value(LONG_S) == 1
    assert pool.pids() != [old]


def test_a_heavy_worker_rests_and_comes_back() -> None:
    with WorkerPool(rest_s=0.2) as pool:
        (first, _) = pool.submit(T + "whoami", kind="heavy").value(LONG_S)
        assert pool.submit(T + "send_back", 1).value(LONG_S) == 1
        until(lambda: first not in pool.pids())
        assert len(pool.pids()) == 1  # The light one stays.
        (second, _) = pool.submit(T + "whoami", kind="heavy").value(LONG_S)
        assert second != first


def test_light_and_heavy_do_not_wait_for_each_other(pool: WorkerPool) -> None:
    heavy = pool.submit(T + "polite", kind="heavy")
    assert pool.submit(T + "send_back", 1).value(LONG_S) == 1
    until(lambda: runs(heavy))
    assert len(pool.pids()) == 2


def test_several_workers_share_the_queue() -> None:
    with WorkerPool(light=2) as pool:
        jobs = [pool.submit(T + "polite") for _ in range(2)]
        until(lambda: all(runs(job) for job in jobs))
        assert len(set(pool.pids())) == 2


def test_close_ends_everything_once() -> None:
    ends: list[str] = []
    pool = WorkerPool()
    jobs = [pool.submit(T + "deaf", on_end=lambda job: ends.append(job.state)) for _ in range(3)]
    until(lambda: jobs[0].state == "running")
    pids = pool.pids()
    started = time.monotonic()
    pool.close()
    pool.close()
    assert time.monotonic() - started < 1.0
    assert ends == ["cancelled"] * 3
    assert not any(psutil.pid_exists(pid) for pid in pids)


def test_a_callback_that_breaks_does_not_stop_the_others(
    pool: WorkerPool, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(job: Job) -> None:
        raise ZeroDivisionError

    pool.submit(T + "send_back", 1, on_end=broken).wait(LONG_S)
    done = threading.Event()
    pool.submit(T + "send_back", 2, on_end=lambda job: done.set())
    assert done.wait(LONG_S)
    assert "callback broke" in caplog.text


def test_no_worker_at_all_is_a_sentence(pool: WorkerPool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", "/bin/false")
    with pytest.raises(JobFailed, match="No worker can be started"):
        pool.submit(T + "send_back", 1).value(LONG_S)


def test_the_parent_imports_nothing_heavy_and_the_worker_is_first_to_go(pool: WorkerPool) -> None:
    modules = pool.submit(T + "modules").value(LONG_S)
    assert "inpaint_studio.jobs.pool" not in modules  # A clean interpreter, no fork.
    for name in ("torch", "numba", "PySide6", "cv2"):
        assert name not in modules
    if Path("/proc/self/oom_score_adj").exists():
        (pid,) = pool.pids()
        assert int(Path(f"/proc/{pid}/oom_score_adj").read_text()) >= 800


def test_jobs_by_the_hundred_each_end_once(pool: WorkerPool) -> None:
    ends: dict[int, list[str]] = {}

    def note(job: Job) -> None:
        ends.setdefault(job.number, []).append(job.state)

    jobs = [pool.submit(T + "send_back", n, on_end=note) for n in range(300)]
    for job in jobs[::3]:
        job.cancel()
    for job in jobs:
        assert job.wait(LONG_S)
    until(lambda: len(ends) == 300)
    assert {len(states) for states in ends.values()} == {1}
    assert [job.result for job in jobs[1::3]] == list(range(1, 300, 3))
