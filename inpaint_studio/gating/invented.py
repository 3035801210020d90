"""Judge what has no surroundings to be compared with: an enlarged picture, a new canvas.

The readings of a fill ask whether the hole looks like what lies around it; here there is nothing
around. What can be measured honestly is measured and vetoes. Of a new canvas no reading can tell
whether it shows what was asked for: it always waits for a person.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from difflib import SequenceMatcher

import numpy as np

from inpaint_studio.arrays import MaskBool, Pixels, Plane
from inpaint_studio.gating import semantic as second_pass
from inpaint_studio.gating.base import Judgement, JudgeRequest, SemanticJudge
from inpaint_studio.gating.readings import change
from inpaint_studio.gating.readings.base import Measured
from inpaint_studio.gating.readings.texture import EPSILON
from inpaint_studio.gating.scene import second_differences, to_rgb8
from inpaint_studio.geometry import Box
from inpaint_studio.imaging.color import luma
from inpaint_studio.imaging.enlarge import shrunk
from inpaint_studio.imaging.mask import grow
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.records import Reading, Verdict

VERSION = "invented-1"
SAME_LEVELS = 1.0
"""The old picture and the enlarged one scaled back may differ by this much (P99, levels)."""
GRAIN = 0.8
"""Finest detail over the next coarser (power of second differences at 1 and 2 px). Of 150 real
photos the median is 0.43, the 99th percentile 0.57, the most 0.79; pure noise shows 1."""
BLANK_LEVELS = 8.0
SAME_TEXT = 0.8
ASKED = "No reading can tell whether it shows what was asked for: a person must look."

LABELS = {
    "leak": "Pixels changed outside the mask",
    "scaled_back": "Same photo when scaled back",
    "grain": "Grain against coarser detail",
    "tones": "Range of tones",
    "changed_text": "Letters that changed",
    "new_object": "Object that was not there",
    "new_text": "Letters nobody put there",
}

Made = tuple[Reading, Measured | None]


def judge_enlarged(
    request: JudgeRequest, factor: int, semantic: SemanticJudge | None, token: RunToken
) -> Judgement:
    """Judge detail that was put into an enlarged picture (`before`: enlarged plainly).

    Accepted when scaled back it is the old picture, its grain is a photo's, and no letter or
    object came, went or changed. Raises: Cancelled.
    """
    edit = grow(request.mask, request.ring_px)
    made = [_leak(request)]
    token.step(0.1, "scaling back")
    made += [_same(request, factor, edit), _grain(request.after, edit)]
    if semantic is not None and request.budget != "cheap":
        token.step(0.3, "reading letters")
        made.append(_letters(request, semantic, edit))
        token.step(0.7, "looking for objects")
        made.append(_objects(request, semantic, edit))
    return _verdict(made, "It is the same photo, with detail (risk {risk:.2f}).")


def judge_new(request: JudgeRequest, semantic: SemanticJudge | None, token: RunToken) -> Judgement:
    """Judge a picture that was generated from nothing; it always waits for a person.

    Raises: Cancelled.
    """
    token.step(0.1, "looking for faults")
    made = [_blank(request.after), _grain(request.after, request.mask)]
    if semantic is not None and request.budget != "cheap":
        token.step(0.3, "reading letters")
        made.append(_new_text(request, semantic))
    judged = _verdict(made, ASKED)
    verdict = judged.verdict
    if verdict.accepted:
        verdict = replace(verdict, accepted=False, risk=max(verdict.risk, 0.5), reasons=(ASKED,))
    return replace(judged, verdict=verdict)


def _leak(request: JudgeRequest) -> Made:
    def measure() -> Measured:
        return change.leak(request.before, request.after, request.mask, request.ring_px)

    return _timed("leak", measure, high=0.0, unit="px",
                  detail="Pixels outside the mask were changed.")  # fmt: skip


def _same(request: JudgeRequest, factor: int, edit: MaskBool) -> Made:
    def measure() -> Measured:
        apart = np.abs(shrunk(request.after, factor) - shrunk(request.before, factor)).max(axis=2)
        share = shrunk(edit, factor)
        inside = share == 1 if (share == 1).any() else share > 0
        plane = np.where(inside, apart, 0).astype(np.float32)
        full = plane.repeat(factor, axis=0).repeat(factor, axis=1)
        rows, columns = edit.shape
        return Measured(float(np.percentile(apart[inside], 99)), full[:rows, :columns])

    return _timed(
        "scaled_back",
        measure,
        high=SAME_LEVELS,
        detail="Scaled back it is another picture than before.",
        unit="levels",
    )


def _grain(after: Pixels, edit: MaskBool) -> Made:
    def measure() -> Measured:
        light = luma(to_rgb8(after).astype(np.float32) / 255).astype(np.float32)
        fine, coarse = second_differences(light, 1), second_differences(light, 2)
        inner = edit.copy()
        inner[:4], inner[-4:], inner[:, :4], inner[:, -4:] = False, False, False, False
        inner = inner if inner.any() else edit
        return Measured(float((fine[inner].mean() + EPSILON) / (coarse[inner].mean() + EPSILON)))

    return _timed("grain", measure, high=GRAIN,
                  detail="It is noise rather than detail.")  # fmt: skip


def _blank(after: Pixels) -> Made:
    def measure() -> Measured:
        light = luma(to_rgb8(after).astype(np.float32))
        low, high = np.percentile(light, [1, 99])
        return Measured(float(high - low))

    return _timed("tones", measure, low=BLANK_LEVELS, unit="levels",
                  detail="The picture is of one colour.")  # fmt: skip


def _letters(request: JudgeRequest, semantic: SemanticJudge, edit: MaskBool) -> Made:
    """Characters on the edit that read otherwise than before."""

    def measure() -> Measured:
        frame = Box.of_shape(edit.shape)
        before, after = (
            [(box.clamp(frame), text) for box, text, score in semantic.letters(pixels)
             if score >= second_pass.LETTER_SCORE and edit[box.clamp(frame).slices].any()]
            for pixels in (request.before, request.after)
        )  # fmt: skip
        odd = [found for found in before if not _is_among(found, after)]
        odd += [found for found in after if not _is_among(found, before)]
        return _counted(odd, edit.shape)

    return _timed("changed_text", measure, high=0.0, unit="characters",
                  detail="Letters read otherwise than before.")  # fmt: skip


def _is_among(found: tuple[Box, str], others: list[tuple[Box, str]]) -> bool:
    box, text = found
    return any(
        second_pass.overlap(box, place) >= second_pass.SAME_PLACE and _reads_same(text, other)
        for place, other in others
    )


def _reads_same(one: str, other: str) -> bool:
    """Whether two readings are one text; a reader may slip on one letter of five."""
    a, b = (text.casefold().replace(" ", "") for text in (one, other))
    return SequenceMatcher(None, a, b).ratio() >= SAME_TEXT


def _objects(request: JudgeRequest, semantic: SemanticJudge, edit: MaskBool) -> Made:
    return _timed(
        "new_object",
        lambda: second_pass.objects(request, semantic.objects, edit), high=0.0, unit="score",
        detail="An object shows that was not there before.",
    )  # fmt: skip


def _new_text(request: JudgeRequest, semantic: SemanticJudge) -> Made:
    def measure() -> Measured:
        found = semantic.letters(request.after)
        sure = [(box, text) for box, text, score in found if score >= second_pass.LETTER_SCORE]
        return _counted(sure, request.mask.shape)

    return _timed("new_text", measure, high=0.0, unit="characters",
                  detail="The picture reads as text; look whether it should.")  # fmt: skip


def _counted(found: list[tuple[Box, str]], shape: tuple[int, ...]) -> Measured:
    return second_pass.counted([(box, text, 1.0) for box, text in found], shape)


def _timed(
    name: str, measure: Callable[[], Measured], *,
    low: float | None = None, high: float | None = None, unit: str = "", detail: str = "",
) -> Made:  # fmt: skip
    started = time.perf_counter()
    found = measure()
    value = found.value
    failed = (high is not None and value > high) or (low is not None and value < low)
    note = f"{detail} ({found.note})" if found.note else detail
    reading = Reading(
        name=name, value=value, low=low, high=high, passed=not failed, unit=unit,
        label=LABELS[name], detail=note if failed else "", box=found.box if failed else None,
        seconds=time.perf_counter() - started,
    )  # fmt: skip
    return reading, found


def _verdict(made: list[Made], praise: str) -> Judgement:
    readings = tuple(reading for reading, _ in made)
    maps: dict[str, Plane] = {
        reading.name: found.map for reading, found in made
        if found is not None and found.map is not None
    }  # fmt: skip
    failed = [reading for reading in readings if not reading.passed]
    risk = max(_risk(reading) for reading in readings)
    verdict = Verdict(
        accepted=not failed,
        risk=risk,
        summary=failed[0].detail if failed else praise.format(risk=risk),
        reasons=tuple(f"{r.name}={r.value:.3g} outside its band" for r in failed),
        readings=readings,
        version=VERSION,
        box=next((reading.box for reading in failed if reading.box), None),
    )
    return Judgement(verdict=verdict, maps=maps)


def _risk(reading: Reading) -> float:
    """Return 0..1: 0.5 at the edge of the band, as a share of it inside, towards 1 outside."""
    if reading.high is not None and reading.high > 0:
        part = reading.value / reading.high
    elif reading.low is not None:
        part = reading.low / max(reading.value, 1e-6)
    else:
        part = 0.0 if reading.passed else 9.0
    return part / (1.0 + part)
