"""Judge one edit: cheap readings always, dear ones while they can still change the answer."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import cv2
import numpy as np

from inpaint_studio.arrays import Plane
from inpaint_studio.gating import semantic as second_pass
from inpaint_studio.gating import words
from inpaint_studio.gating.base import Judgement, JudgeRequest, SemanticJudge
from inpaint_studio.gating.probe import reconstruction
from inpaint_studio.gating.readings import change
from inpaint_studio.gating.readings.base import Measured
from inpaint_studio.gating.readings.table import ROWS, row
from inpaint_studio.gating.risk import GateSet, default_gates
from inpaint_studio.gating.scene import Scene, make_scene
from inpaint_studio.geometry import Box
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.records import Reading, Verdict


@dataclass
class Evidence:
    """What has been measured so far."""

    features: dict[str, float] = field(default_factory=dict)
    readings: list[Reading] = field(default_factory=list)
    maps: dict[str, Plane] = field(default_factory=dict)

    def add(self, name: str, measured: Measured, gates: GateSet, seconds: float) -> None:
        """Keep a reading; its box and map are already in the request's pixels."""
        line = row(name)
        self.features[name] = measured.value
        self.features.update(measured.also)
        low, high = band(name, gates)
        failed = (high is not None and measured.value > high) or (
            low is not None and measured.value < low
        )
        self.readings.append(
            Reading(
                name=name,
                value=measured.value,
                low=low,
                high=high,
                passed=not failed,
                unit=line.unit,
                label=line.label,
                detail=measured.note,
                box=measured.box if failed else None,
                seconds=seconds,
                decides=line.vetoes,
            )
        )
        if measured.map is not None:
            self.maps[name] = measured.map


def band(name: str, gates: GateSet) -> tuple[float | None, float | None]:
    """Return the band a reading must lie in: its definition's, else what good edits show."""
    line = row(name)
    low, high = gates.bands.get(name, (None, None))
    low = line.low if line.low is not None else low
    high = line.high if line.high is not None else high
    return (low if line.worse != "high" else None, high if line.worse != "low" else None)


def judge(
    request: JudgeRequest,
    semantic: SemanticJudge | None,
    token: RunToken,
    gates: GateSet | None = None,
) -> Judgement:
    """Judge one edit given as a crop.

    Boxes and maps of the result are in the crop's pixels. `refill` (the same recipe on another
    hole) buys probe holes; without it only what the pair itself shows is weighed.
    Deterministic to the bit. Raises: Cancelled.
    """
    gates = gates or default_gates()
    evidence = Evidence()
    started = time.perf_counter()
    leaked = change.leak(request.before, request.after, request.mask, request.ring_px)
    evidence.add("leak", leaked, gates, time.perf_counter() - started)
    scene = make_scene(request)
    _cheap(scene, evidence, gates, request.mask.shape, token)
    if request.refill is not None and _wants_dear(request, evidence, gates):
        started = time.perf_counter()
        probed = reconstruction(request, token)
        if probed is not None:
            evidence.add("reconstruction_mse", probed, gates, time.perf_counter() - started)
    first = _conclude(request, evidence, gates)
    if not second_pass.wanted(request, accepted=first.verdict.accepted):
        return first
    for name, measured, seconds in second_pass.semantic_readings(request, semantic, token):
        evidence.add(name, measured, gates, seconds)
    return _conclude(request, evidence, gates)


def _cheap(
    scene: Scene, evidence: Evidence, gates: GateSet, shape: tuple[int, ...], token: RunToken
) -> None:
    for line in ROWS:
        if line.cost != "cheap" or line.measure is None:
            continue
        token.check()
        started = time.perf_counter()
        measured = line.measure(scene)
        placed = _placed(measured, scene, shape)
        evidence.add(line.name, placed, gates, time.perf_counter() - started)


def _placed(measured: Measured, scene: Scene, shape: tuple[int, ...]) -> Measured:
    """Move a reading's box and map from the scene to the request's pixels."""
    box = scene.to_request(measured.box) if measured.box is not None else None
    plane = measured.map
    if plane is not None:
        full = np.zeros(shape[:2], dtype=np.float32)
        size = (scene.box.width, scene.box.height)
        if scene.scale > 1:
            plane = cv2.resize(plane, size, interpolation=cv2.INTER_NEAREST)
        full[scene.box.slices] = plane
        plane = full
    return Measured(measured.value, plane, box, measured.also)


def _model_name(evidence: Evidence, gates: GateSet) -> str:
    return "probed" if "reconstruction_mse" in evidence.features and (
        "probed" in gates.models
    ) else "pair"  # fmt: skip


def _wants_dear(request: JudgeRequest, evidence: Evidence, gates: GateSet) -> bool:
    if request.budget != "auto":
        return request.budget == "full"
    low, high = gates.undecided
    return low <= gates.models["pair"].risk(evidence.features) <= high


def _conclude(request: JudgeRequest, evidence: Evidence, gates: GateSet) -> Judgement:
    name = _model_name(evidence, gates)
    model, threshold = gates.models[name], gates.thresholds[name]
    risk = model.risk(evidence.features)
    vetoed = [r for r in evidence.readings if r.decides and not r.passed]
    accepted = risk <= threshold and not vetoed
    if vetoed:
        risk = max(risk, threshold + (1 - threshold) * 0.5)
    blamed = words.blame(evidence.readings, model.shares(evidence.features))
    verdict = Verdict(
        accepted=accepted,
        risk=risk,
        summary=words.summary(accepted=accepted, risk=risk, threshold=threshold, blamed=blamed),
        reasons=words.log_lines(
            evidence.readings, blamed, risk=risk, threshold=threshold, accepted=accepted
        ),
        readings=tuple(evidence.readings),
        version=f"{gates.version}/{name}@{threshold:.4f}",
        box=_place(blamed, request) if not accepted else None,
    )
    return Judgement(verdict=verdict, maps=evidence.maps)


def _place(blamed: list[Reading], request: JudgeRequest) -> Box:
    return next((r.box for r in blamed if r.box is not None), Box.of_mask(request.mask))
