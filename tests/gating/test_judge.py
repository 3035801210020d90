"""The whole judgement: verdict, sentences, place, stages, budget."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from inpaint_studio.errors import BadSetting, Cancelled
from inpaint_studio.gating.base import JudgeRequest
from inpaint_studio.gating.judge import LONGEST, judge
from inpaint_studio.gating.planted import plant
from inpaint_studio.gating.readings.table import ROWS, cheap, faults
from inpaint_studio.gating.risk import GateSet, RiskModel, Term, default_gates, load_gates
from inpaint_studio.gating.words import LIKELY
from inpaint_studio.geometry import Box
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.records import Verdict
from tests.gating.conftest import grainy, sticker


def verdict(request: JudgeRequest, semantic=None):
    return judge(request, semantic, RunToken()).verdict


def test_a_perfect_fill_passes_and_says_so(perfect: JudgeRequest) -> None:
    found = verdict(perfect)
    assert found.accepted and found.risk < 0.5
    assert found.summary.startswith("Looks right") and found.box is None
    assert found.reasons[-1].startswith("risk=") and "<= threshold(" in found.reasons[-1]


def test_a_smeared_fill_is_flagged_with_reason_and_place(
    perfect: JudgeRequest, smeared: JudgeRequest
) -> None:
    found = verdict(smeared)
    assert not found.accepted and found.risk > verdict(perfect).risk
    ratio = found.reading("high_freq_power_ratio")
    assert ratio is not None and not ratio.passed and ratio.value < 0.1
    assert ratio.detail == "Fill is smoother than its surroundings."
    assert any("high_freq_power_ratio=" in line for line in found.reasons)
    assert found.box is not None and found.box.overlaps(Box.of_mask(smeared.mask))


def test_a_leak_is_never_accepted(perfect: JudgeRequest) -> None:
    after = perfect.after.copy()
    after[5, 5] ^= 1
    found = verdict(replace(perfect, after=after))
    assert not found.accepted
    assert found.summary == "Pixels outside the mask were changed."
    assert found.box == Box(5, 5, 6, 6)
    assert "outside_changed: leak=1 > threshold(0)" in found.reasons


def test_a_copied_piece_joined_to_nothing_is_never_accepted(perfect: JudgeRequest) -> None:
    after = perfect.after.copy()
    after[72:88, 90:106] = after[20:36, 4:20]  # the darker end of the slope
    found = verdict(replace(perfect, after=after))
    piece = found.reading("copied_piece")
    assert not found.accepted and piece is not None and piece.decides and not piece.passed
    assert piece.box is not None and piece.box.overlaps(Box(90, 72, 106, 88))
    assert piece.detail.startswith("A piece of another part of the photo stands in the fill")


def test_a_fill_that_nothing_known_speaks_for_is_never_accepted(perfect: JudgeRequest) -> None:
    mask = np.ones_like(perfect.mask)
    mask[:3, :3] = False
    found = verdict(replace(perfect, mask=mask))
    assert not found.accepted
    assert found.summary.startswith("Hardly anything around the hole is known")
    known = found.reading("known_ground")
    assert known is not None and known.value == 9 / (mask.size - 9) and known.decides


def test_sixteen_bit_is_judged_like_eight(perfect: JudgeRequest) -> None:
    wide = replace(
        perfect,
        before=perfect.before.astype(np.uint16) * 257,
        after=perfect.after.astype(np.uint16) * 257,
    )
    assert verdict(wide).risk == verdict(perfect).risk


def test_same_pixels_same_verdict(smeared: JudgeRequest) -> None:
    one, two = judge(smeared, None, RunToken()), judge(smeared, None, RunToken())
    same = [replace(r, seconds=0.0) for r in one.verdict.readings]
    assert same == [replace(r, seconds=0.0) for r in two.verdict.readings]
    assert one.verdict.risk == two.verdict.risk
    assert all((one.maps[name] == two.maps[name]).all() for name in one.maps)


def test_maps_cover_the_crop_and_belong_to_readings(smeared: JudgeRequest) -> None:
    found = judge(smeared, None, RunToken())
    names = {row.name for row in ROWS}
    assert found.maps and set(found.maps) <= names
    assert all(plane.shape == smeared.mask.shape for plane in found.maps.values())


def test_cheap_budget_asks_no_witness_and_full_asks_all(perfect: JudgeRequest) -> None:
    asked: list[int] = []

    def refill(pixels: np.ndarray, mask: np.ndarray) -> np.ndarray:
        asked.append(int(mask.sum()))
        filled = pixels.copy()
        filled[mask] = grainy(seed=2)[mask]
        return filled

    own = replace(perfect, refill=refill)
    cheap = verdict(replace(own, budget="cheap"))
    assert cheap.reading("consensus") is None and not asked
    full = verdict(replace(own, budget="full"))
    assert full.reading("consensus") is not None
    assert full.reading("reconstruction_mse") is not None
    assert full.reading("sensitivity") is not None and len(asked) >= 3


def gate_set(**changes: object) -> GateSet:
    """A set whose risk is the texture amplitude alone."""
    risk = RiskModel(terms=(Term(name="texture_amplitude", mean=4, std=1, weight=1),), intercept=0)
    plain = GateSet(
        version="t", models={"quick": risk, "pair": risk}, bands={},
        thresholds={"quick": 0.5, "pair": 0.5}, undecided=(0.2, 0.8),
    )  # fmt: skip
    return replace(plain, **changes)


def test_dearer_readings_only_while_they_can_change_the_answer(perfect: JudgeRequest) -> None:
    asked: list[int] = []

    def refill(pixels: np.ndarray, mask: np.ndarray) -> np.ndarray:
        asked.append(1)
        return pixels

    own = replace(perfect, refill=refill)
    amplitude = verdict(perfect).reading("texture_amplitude")
    assert amplitude is not None
    for mean, opened in ((amplitude.value + 3, False), (amplitude.value, True)):
        asked.clear()
        term = Term(name="texture_amplitude", mean=mean, std=1, weight=1)
        model = RiskModel(terms=(term,), intercept=0)
        gates = gate_set(models={"quick": model, "pair": model})
        found = judge(own, None, RunToken(), gates).verdict
        assert (found.reading("consensus") is not None) is opened
        assert bool(asked) is opened
    # Who made the edit is not known: the witnesses are the only second opinion.
    assert judge(perfect, None, RunToken(), gates).verdict.reading("consensus") is not None


def test_signs_of_a_fault_reject_by_themselves_and_say_where(perfect: JudgeRequest) -> None:
    ball = plant(perfect.before, perfect.after, perfect.mask, "pasted")
    signs = RiskModel(terms=(Term(name="new_colour_spot", mean=0, std=1, weight=1),), intercept=0)
    gates = gate_set(
        thresholds={"quick": 0.99, "pair": 0.99},
        faults={"pasted_signs": signs},
        bands={"pasted_signs": (None, 3.0)},
    )
    clean = judge(perfect, None, RunToken(), gates).verdict
    assert clean.accepted and clean.reading("pasted_signs").passed
    found = judge(replace(perfect, after=ball.after), None, RunToken(), gates).verdict
    assert not found.accepted and found.risk > 0.99
    assert found.summary == "Something stands in the fill that belongs to nothing around it."
    assert found.reasons[0].startswith("foreign_object_detected: pasted_signs=")
    assert found.box is not None and found.box.overlaps(ball.box)
    assert found.box.area < 4 * ball.box.area


def test_what_the_risk_alone_rejects_names_the_likeliest_sign_and_its_place(
    perfect: JudgeRequest,
) -> None:
    ball = plant(perfect.before, perfect.after, perfect.mask, "pasted")
    edit = replace(perfect, after=ball.after)
    signs = RiskModel(terms=(Term(name="new_colour_spot", mean=0, std=1, weight=1),), intercept=0)

    def said_at(threshold: float, limit: float) -> Verdict:
        gates = gate_set(
            thresholds={"quick": threshold, "pair": threshold},
            faults={"pasted_signs": signs},
            bands={"pasted_signs": (None, limit)},
        )
        return judge(edit, None, RunToken(), gates).verdict

    value = said_at(0.0, 99.0).reading("pasted_signs").value
    said = said_at(0.0, value + LIKELY)
    assert not said.accepted and said.summary.startswith("Most likely: something stands in")
    assert "A guess" in said.summary and said.reasons[0].startswith("most likely, a guess: pasted")
    sign = said.reading("pasted_signs")
    assert sign.passed and sign.detail.startswith("Most likely, a guess:")
    assert said.box == sign.box and said.box.overlaps(ball.box)
    assert said.box.area < 4 * ball.box.area
    for silent in (said_at(0.0, value + LIKELY + 0.1), said_at(1.0, value + LIKELY)):
        assert "ikely" not in " ".join((silent.summary, *silent.reasons))
        assert silent.reading("pasted_signs").box is None
    assert said_at(0.0, value - 0.1).reasons[0].startswith("foreign_object_detected")


def test_a_set_from_before_the_signs_keeps_its_alarms(smeared: JudgeRequest) -> None:
    gates = gate_set(
        thresholds={"quick": 0.99, "pair": 0.99}, alarms={"texture_amplitude": 0.5}
    )  # fmt: skip
    found = judge(smeared, None, RunToken(), gates).verdict
    assert not found.accepted and found.version.startswith("t/")
    assert not judge(smeared, None, RunToken(), gate_set()).verdict.reading("pasted_signs")


def test_probes_lie_on_known_ground_and_tell_a_bad_recipe(perfect: JudgeRequest) -> None:
    holes: list[np.ndarray] = []

    def good(pixels: np.ndarray, mask: np.ndarray) -> np.ndarray:
        holes.append(mask)
        filled = pixels.copy()
        filled[mask] = grainy(seed=2)[mask]
        return filled

    def bad(pixels: np.ndarray, mask: np.ndarray) -> np.ndarray:
        filled = pixels.copy()
        filled[mask] = 0
        return filled

    one = verdict(replace(perfect, refill=good, budget="full")).reading("reconstruction_mse")
    two = verdict(replace(perfect, refill=bad, budget="full")).reading("reconstruction_mse")
    assert one is not None and two is not None and two.value > 20 * one.value
    probes = holes[:-2]  # the last two jitter the hole itself
    assert probes and not any((probe & perfect.mask).any() for probe in probes)


class Reader:
    """Reads what it is told, depending on which picture it is shown."""

    def __init__(self, before: np.ndarray, box: Box, after: str = "", was: str = "") -> None:
        self.mean = before.mean()
        self.box, self.after, self.was = box, after, was
        self.asked = 0

    def letters(self, pixels: np.ndarray) -> list[tuple[Box, str, float]]:
        self.asked += 1
        text = self.was if (pixels == 245).mean() > 0.02 else self.after
        return [(self.box, text, 0.9)] if text else []

    def objects(self, pixels: np.ndarray) -> list[tuple[Box, str, float]]:
        return []


def test_letters_left_are_a_veto_and_new_letters_too(perfect: JudgeRequest) -> None:
    view = Box(22, 12, 180, 148)  # the cut around the edit that the reader is shown
    box = Box.of_mask(perfect.mask).shift(-view.left + 4, -view.top + 2)
    text = replace(perfect, kind="text")
    left = verdict(text, Reader(perfect.before, box, after="SALE", was="SALE 50"))
    assert not left.accepted and left.reading("letters_left").value == 4
    assert left.summary == "Letters of what was removed can still be read."
    new = verdict(text, Reader(perfect.before, box, after="OHNO", was=""))
    assert not new.accepted and new.reading("new_text").value == 4


def test_second_pass_only_after_the_first_accepts(
    perfect: JudgeRequest, smeared: JudgeRequest
) -> None:
    reader = Reader(perfect.before, Box(0, 0, 9, 9))
    verdict(smeared, reader)
    assert reader.asked == 0
    verdict(perfect, reader)
    assert reader.asked > 0
    reader.asked = 0
    verdict(replace(perfect, budget="cheap"), reader)
    assert reader.asked == 0


class Detector:
    """Sees a dog in the whole crop after the edit, in the mirrored one too (70 px from left)."""

    def __init__(self, frame: tuple[int, int]) -> None:
        self.frame = frame

    def letters(self, pixels: np.ndarray) -> list[tuple[Box, str, float]]:
        return []

    def objects(self, pixels: np.ndarray) -> list[tuple[Box, str, float]]:
        was_before = (pixels == 245).mean() > 0.02
        if was_before or pixels.shape[:2] != self.frame:
            return []
        return [(Box(70, 60, 130, 100), "dog", 0.8)]


def test_a_new_object_is_a_veto(perfect: JudgeRequest) -> None:
    found = verdict(perfect, Detector(perfect.mask.shape))
    thing = found.reading("new_object")
    assert not found.accepted and thing is not None and "dog" in thing.detail
    assert found.risk > 0.5


class FaceFinder:
    """Sees one face in every picture, the mirrored ones too."""

    def __init__(self, face: Box) -> None:
        self.face = face

    def letters(self, pixels: np.ndarray) -> list[tuple[Box, str, float]]:
        return []

    def objects(self, pixels: np.ndarray) -> list[tuple[Box, str, float]]:
        width = pixels.shape[1]
        turned = Box(width - self.face.right, self.face.top, width - self.face.left,
                     self.face.bottom)  # fmt: skip
        return [(self.face, "face", 0.9), (turned, "face", 0.9)]


def test_a_face_filled_in_part_waits_for_a_person(perfect: JudgeRequest) -> None:
    hole = Box.of_mask(perfect.mask)
    half = Box(hole.left - 30, hole.top - 10, hole.left + 30, hole.bottom + 10)
    found = verdict(perfect, FaceFinder(half))
    share = found.reading("face_part")
    assert not found.accepted and share is not None and 0.2 < share.value < 0.6
    assert found.summary.startswith("Part of a face was filled")
    # A blemish is no part of a face, and a face that is covered whole is taken away on purpose.
    wide = Box(0, 0, perfect.mask.shape[1], perfect.mask.shape[0])
    assert verdict(perfect, FaceFinder(hole)).reading("face_part").value == 0
    assert 0 < verdict(perfect, FaceFinder(wide)).reading("face_part").value < 0.1
    cut = hole.pad(6).slices
    alone = replace(perfect, before=perfect.before[cut], after=perfect.after[cut],
                    mask=perfect.mask[cut], kind="text")  # fmt: skip
    assert verdict(alone, FaceFinder(Box(0, 0, 30, 40))).reading("face_part") is not None


def test_what_was_brought_back_from_under_an_overlay_is_no_filled_face(
    perfect: JudgeRequest,
) -> None:
    hole = Box.of_mask(perfect.mask)
    half = Box(hole.left - 30, hole.top - 10, hole.left + 30, hole.bottom + 10)
    brought = perfect.mask * np.float32(0.5)
    found = verdict(replace(perfect, taken_off=brought), FaceFinder(half))
    assert found.accepted and found.reading("face_part").value == 0
    brought[:, : hole.left + 20] = 0
    found = verdict(replace(perfect, taken_off=brought), FaceFinder(half))
    assert not found.accepted and found.reading("face_part").value > 0.1


def test_long_readings_begin_first_and_stand_in_the_table_s_order(perfect: JudgeRequest) -> None:
    measured = [row.name for row in cheap() if row.measure is not None]
    assert set(LONGEST) <= set(measured) and list(LONGEST) != measured[: len(LONGEST)]
    found = verdict(replace(perfect, budget="cheap"))
    shown = [reading.name for reading in found.readings if reading.name in measured]
    assert shown == [name for name in measured if name in shown]


def test_cancel_is_heard(perfect: JudgeRequest) -> None:
    token = RunToken()
    token.cancel()
    with pytest.raises(Cancelled):
        judge(perfect, None, token)


def test_big_holes_are_judged_at_a_bounded_scale() -> None:
    shape = (880, 920)
    mask = np.zeros(shape, dtype=bool)
    mask[100:780, 100:820] = True
    ground = grainy(shape)
    before = sticker(ground, mask)
    after = before.copy()
    after[mask] = grainy(shape, seed=1)[mask]
    found = judge(JudgeRequest(before=before, after=after, mask=mask), None, RunToken())
    assert all(plane.shape == shape for plane in found.maps.values())
    assert sum(reading.seconds for reading in found.verdict.readings) < 60


@pytest.mark.parametrize(
    "fault", ["seam", "hue", "pasted", "letters", "blur", "texture", "ghost", "repeat"]
)
def test_planted_faults_on_a_perfect_fill_are_caught(perfect: JudgeRequest, fault: str) -> None:
    planted = plant(perfect.before, perfect.after, perfect.mask, fault)
    found = verdict(replace(perfect, after=planted.after))
    assert not found.accepted and found.risk > verdict(perfect).risk
    failed = {reading.name for reading in found.readings if not reading.passed}
    assert f"{fault}_signs" in failed, found.reasons
    assert found.box is not None and found.box.overlaps(planted.box)


def test_the_shipped_gate_set_is_whole() -> None:
    gates = default_gates()
    assert {"quick", "pair"} <= set(gates.models) and set(gates.models) == set(gates.thresholds)
    assert all(0 < value < 1 for value in gates.thresholds.values())
    training = gates.training
    assert training["edits"] >= 500 and training["photos"] >= 150 and len(training["engines"]) >= 6
    assert set(gates.faults) == {row.name for row in faults()}
    assert all(gates.bands[name][1] is not None for name in gates.faults)


def test_a_broken_gate_file_is_refused_with_a_sentence(tmp_path) -> None:
    path = tmp_path / "gates.json"
    path.write_text("{}")
    with pytest.raises(BadSetting, match="cannot be read"):
        load_gates(path)
