import pytest

from inpaint_studio.errors import Cancelled, TookTooLong
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


def test_a_timed_token_stops_the_work_and_all_its_parts() -> None:
    token = RunToken()
    timed = token.at_most(0.0, "The engine")
    part = timed.within(0.0, 0.5)
    for asked in (timed, part):
        with pytest.raises(TookTooLong, match="The engine was stopped after 0 s; mask a smaller"):
            asked.check()
        with pytest.raises(TookTooLong):
            asked.step(0.5)
    token.step(0.5)
    token.at_most(60.0, "The engine").within(0.0, 1.0).step(0.5)
    token.cancel()
    with pytest.raises(Cancelled):
        part.check()
