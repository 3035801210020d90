"""How a job that did not finish is told: the sentences, and errors that come out of a worker."""

from __future__ import annotations

import signal

from inpaint_studio import errors
from inpaint_studio.errors import JobFailed


def how_it_died(status: int, peak_mb: float) -> str:
    """Say in a few words how a worker died: its exit status (negative: a signal)."""
    memory = f" at {peak_mb:.0f} MB" if peak_mb else ""
    if status == -getattr(signal, "SIGKILL", 9):
        return f"the system stopped the worker{memory}, most likely because memory ran out"
    if status < 0:
        try:
            name = signal.Signals(-status).name
        except ValueError:
            name = f"signal {-status}"
        return f"the worker crashed ({name})"
    return f"the worker ended on its own (exit code {status})"


def death_sentence(status: int, peak_mb: float) -> str:
    """Say how a worker died, and what to do."""
    how = how_it_died(status, peak_mb)
    how = how[0].upper() + how[1:]
    if status == -getattr(signal, "SIGKILL", 9):
        return f"{how}; close other programs, use a smaller mask, or choose another engine."
    return (
        f"{how} while it did this job; nothing else was touched. "
        "Try again, or choose another engine."
    )


def how_it_hung(waited_s: float) -> str:
    return f"the worker gave no sign of life for {waited_s:.0f} s"


def hung_sentence(waited_s: float) -> str:
    return (
        f"The job gave no sign of life for {waited_s:.0f} s and was stopped; "
        "try again with a smaller mask, or choose another engine."
    )


def set_aside_sentence(deaths: int) -> str:
    return (
        f"This job has killed its worker {deaths} times and was set aside; "
        "choose another engine or a smaller mask."
    )


def no_start_sentence(words: str) -> str:
    """Say that no worker starts. words: what the last one wrote before it died."""
    last = (words.strip().splitlines() or ["it said nothing"])[-1]
    return (
        f"No worker can be started on this machine ({last}); "
        "`inpaint-studio doctor` tells what is missing."
    )


def rebuilt(name: str, text: str, trace: str) -> Exception:
    """Return the error a worker told of, as one of the program's own classes."""
    kind = getattr(errors, name, JobFailed)
    error: Exception = kind(text)
    if isinstance(error, JobFailed):
        error.trace = trace
    error.add_note(trace)
    return error
