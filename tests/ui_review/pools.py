"""Workers that answer when the test says so."""

from tests.review.test_retry import made
from tests.ui.conftest import InstantJob


class Waiting(InstantJob):
    """Waits for its answer, or to be cancelled."""

    def __init__(self, on_end):
        super().__init__()
        self.on_end = on_end
        self.cancelled = False

    def cancel(self):
        if not self.cancelled:
            self.cancelled, self.state = True, "cancelled"
            self.on_end(self)


class AttemptPool:
    """Paints the hole in one colour as the next attempt, when the test says so."""

    def __init__(self, library):
        self.library = library
        self.asked = []

    @property
    def is_idle(self):
        return not self.asked

    def submit(self, _target, request, _objects, *, on_end, **_more):
        job = Waiting(on_end)
        self.asked.append((request, on_end, job))
        return job

    def answer(self):
        request, on_end, job = self.asked.pop(0)
        retry = on_end.args[0]
        assert retry.request is request
        job.result = made(self.library, retry)
        on_end(job)

    def close(self):
        """Nothing to close."""
