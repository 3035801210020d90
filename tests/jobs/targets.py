"""What the tests let workers do."""

import os
import signal
import threading
import time

import numpy as np

from inpaint_studio.errors import BadMask


def double(array, token):
    token.step(0.5, "doubling")
    return array * 2


def send_back(value, token, **kwargs):
    return (value, kwargs) if kwargs else value


def big(height, token):
    return np.zeros((height, 1000, 3), np.uint8)


def polite(token):
    while True:
        token.step(0.1, "waiting")
        time.sleep(0.001)


def sleeper(seconds, token):
    time.sleep(seconds)
    return "slept"


def deaf(token):
    """Never asks its token; holds no interpreter."""
    threading.Event().wait()


def frozen(token):
    """Holds the interpreter for ever."""
    import re

    re.match(r"(a+)+$", "a" * 60 + "b")


def crash(token):
    import faulthandler

    faulthandler.disable()
    os.kill(os.getpid(), signal.SIGSEGV)


def leave(code, token):
    os._exit(code)


def starve(token):
    os.kill(os.getpid(), signal.SIGKILL)


def deed(token, fatal=None):
    """Is killed while it does what it was not yet told to be fatal."""
    for what in ("one", "two"):
        if what not in (fatal or {}):
            token.within(0.0, 0.5).doing(what)
            os.kill(os.getpid(), signal.SIGKILL)
    return fatal


def bad_mask(token):
    raise BadMask("The mask selects nothing; paint something first.")


def bug(token):
    raise ZeroDivisionError("our own")


def no_memory(token):
    np.empty((1 << 44,), np.uint8).fill(1)


def unpicklable(token):
    return threading.Lock()


def noisy(token):
    print("this must not reach the wire")
    os.write(1, b"nor this")
    return "quiet"


def chatter(count, token):
    for index in range(count):
        token.step(index / count, f"step {index}")
    return count


def whoami(token):
    return os.getpid(), os.getppid()


def modules(token):
    import sys

    return sorted(sys.modules)


def crash_once(path, token):
    """Kill the worker the first time, succeed the second."""
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL)
    except FileExistsError:
        return "second"
    os.close(descriptor)
    os._exit(7)


class Unreadable:
    """A value that can be sent and not be read back."""

    def __reduce__(self):
        return int, ("not a number",)


def segfault(token):
    import faulthandler

    faulthandler._sigsegv()
