import json

import pytest

from inpaint_studio.errors import LibraryError
from inpaint_studio.geometry import Box
from inpaint_studio.records import (
    EditRecord,
    FillRecipe,
    Plan,
    Reading,
    Reason,
    RunOptions,
    RunRecord,
    Verdict,
    from_json,
    to_json,
)


def _record() -> RunRecord:
    recipe = FillRecipe(engine="flat", engine_version=3, parameters={"a": 1, "b": 0.5, "c": "x"})
    verdict = Verdict(
        accepted=False,
        risk=0.7,
        readings=(Reading(name="seam", value=0.2, high=0.1, passed=False, box=Box(1, 2, 3, 4)),),
    )
    edit = EditRecord(
        edit_id="e1",
        box=Box(0, 0, 9, 9),
        kind="text",
        plan=Plan(recipe=recipe, reasons=(Reason(text="plain", value=0.1, limit=0.2),)),
        verdict=verdict,
    )
    return RunRecord(run_id="r1", created="2026-01-01", options=RunOptions(seed=7), edits=(edit,))


def test_a_record_survives_json_exactly() -> None:
    record = _record()
    assert from_json(RunRecord, json.loads(json.dumps(to_json(record)))) == record


def test_a_record_of_a_newer_program_is_refused_with_a_sentence() -> None:
    data = to_json(_record()) | {"version": 99}
    with pytest.raises(LibraryError, match="newer program"):
        from_json(RunRecord, data)


def test_a_damaged_record_is_refused_with_a_sentence() -> None:
    with pytest.raises(LibraryError, match="cannot be read"):
        from_json(RunRecord, {"run_id": "r"})


def test_an_older_record_without_newer_fields_still_loads() -> None:
    data = to_json(_record())
    del data["peak_mb"]
    assert from_json(RunRecord, data).peak_mb == 0.0


def test_the_worst_edit_is_a_flagged_one_even_if_another_is_riskier() -> None:
    record = _record()
    accepted = Verdict(accepted=True, risk=0.9)
    plan = record.edits[0].plan
    other = EditRecord(edit_id="e2", box=Box(0, 0, 1, 1), kind="text", plan=plan, verdict=accepted)
    both = RunRecord(run_id="r", created="", options=RunOptions(), edits=(other, record.edits[0]))
    assert both.worst.edit_id == "e1" and not both.accepted
