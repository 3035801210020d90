import pytest

from inpaint_studio.errors import Cancelled
from inpaint_studio.jobs.token import Progress, RunToken


def test_parts_report_in_the_whole_and_share_the_wish_to_stop() -> None:
    seen: list[Progress] = []
    token = RunToken(seen.append)
    part = token.within(0.5, 1.0, "judging").within(0.0, 0.5)
    part.step(1.0)
    assert seen == [] or seen[-1].fraction == pytest.approx(0.75)
    token.step(1.0, "done")
    assert seen[-1] == Progress(1.0, "done", None)
    part.cancel()
    with pytest.raises(Cancelled):
        token.check()


def test_reports_are_at_most_every_tenth_of_a_second() -> None:
    seen: list[Progress] = []
    token = RunToken(seen.append)
    for index in range(1000):
        token.step(index / 2000)
    assert len(seen) <= 3


def test_a_token_can_ask_elsewhere_whether_to_stop() -> None:
    token = RunToken(is_cancelled=lambda: True)
    with pytest.raises(Cancelled):
        token.step(0.1)
