"""The figures are counts of what happened; the audit stream alone speaks for what nobody saw."""

import pytest

from inpaint_studio.review.bounds import upper_bound
from inpaint_studio.review.events import Decision
from inpaint_studio.review.statistics import (
    EditFact,
    agreement,
    escape,
    failed_readings,
    items_per_minute,
    latency,
    pass_rate,
    reject_reasons,
    reversal_rate,
    seam_rate,
)


def fact(n, **fields):
    base = {"engine": "patch", "kind": "text", "day": "2030-01-02", "passed": True}
    return EditFact(item_id=f"i{n}", **(base | fields))


def decided(seq, item, verdict, *, at=0, reviewer="ann", **rest):
    time = f"2030-01-02T10:{at // 60:02d}:{at % 60:02d}Z"
    return Decision(seq=seq, item_id=item, verdict=verdict, reviewer=reviewer, time=time, **rest)


def test_pass_rate_leaves_planted_edits_out_and_names_the_failed():
    facts = [fact(1), fact(2, passed=False), fact(3, engine="flat"),
             fact(4, passed=False, origin="planted")]  # fmt: skip
    flat, patch = pass_rate(facts, "engine")
    assert (flat.name, flat.value) == ("flat", 1.0)
    assert (patch.count, patch.total, patch.items) == (1, 2, ("i2",))
    assert patch.low < 0.5 < patch.high


def test_reasons_and_failed_readings_are_counted_with_their_items():
    facts = [fact(1, failed=("seam", "letters_left")), fact(2, failed=("seam",)),
             fact(3, state="rejected", reason="blurry"),
             fact(4, state="accepted", reason="x")]  # fmt: skip
    assert failed_readings(facts)[0] == ("seam", ("i1", "i2"))
    assert reject_reasons(facts) == [("blurry", ("i3",))]


def test_latency_and_seam_rate_per_engine():
    facts = [fact(n, seconds=float(n), readings={"seam": 0.0}) for n in range(1, 101)]
    facts.append(fact(200, seconds=5.0, readings={"seam": 1.0}, failed=("seam",)))
    (found,) = latency(facts)
    assert found.median_s == pytest.approx(50, abs=1)
    assert found.p95_s == pytest.approx(95, abs=1)
    (seams,) = seam_rate(facts)
    assert (seams.count, seams.total) == (1, 101)


def test_escape_counts_only_the_audit_stream():
    audited = [fact(n, origin="audit", state="accepted") for n in range(148)]
    facts = [
        *audited,
        fact(500, origin="audit", state="rejected"),
        fact(501, origin="audit", state="open"),
        *[fact(600 + n) for n in range(50)],
        *[fact(700 + n, origin="flagged", passed=False, state="rejected") for n in range(90)],
    ]
    found = escape(facts)
    assert (found.bad, found.seen, found.accepted) == (1, 149, 200)
    assert found.bound == upper_bound(1, 149)
    assert found.corrected == found.share


def test_planted_edits_measure_the_reviewer_and_correct_the_estimate():
    facts = [fact(n, origin="audit", state="rejected" if n < 4 else "accepted") for n in range(100)]
    facts += [fact(200 + n, origin="planted", state="rejected", passed=False) for n in range(8)]
    facts += [fact(300 + n, origin="planted", state="accepted", passed=False) for n in range(2)]
    found = escape(facts)
    assert found.catch.value == 0.8
    assert found.share == 0.04
    assert found.corrected == pytest.approx(0.05)
    assert found.accepted == 100


def test_items_per_minute_leaves_breaks_out():
    events = [decided(n, f"i{n}", "accept", at=2 * n, ms=2000) for n in range(1, 31)]
    assert items_per_minute(events) == pytest.approx(30.0)
    late = [decided(100 + n, f"j{n}", "accept", at=1800 + 2 * n) for n in range(1, 31)]
    assert items_per_minute([*events, *late]) == pytest.approx(30.0, rel=0.05)
    assert items_per_minute([]) == 0.0


def test_reversals_are_undone_and_overruled_decisions():
    events = [
        decided(1, "a", "accept"), decided(2, "a", "undo", undoes=1),
        decided(3, "b", "accept"), decided(4, "b", "reject", reviewer="bob"),
        decided(5, "c", "reject"), decided(6, "d", "accept"),
    ]  # fmt: skip
    rate = reversal_rate(events)
    assert (rate.count, rate.total) == (2, 5)
    assert rate.items == ("a", "b")


def test_agreement_of_two_people():
    events = [decided(1, "a", "accept"), decided(2, "a", "fix", reviewer="bob"),
              decided(3, "b", "accept"), decided(4, "b", "reject", reviewer="bob"),
              decided(5, "c", "accept")]  # fmt: skip
    found = agreement(events)
    assert (found.count, found.total, found.items) == (1, 2, ("b",))
