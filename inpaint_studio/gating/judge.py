"""Judge one edit: cheap readings always, dear ones while they can still change the answer.

The order: what must never happen (leak, no known ground), what the pair itself shows (cheap) and
whether that adds up to the signs of a known fault, other families' fills of the same hole
(witnesses), the same recipe on other holes (probes, only when the recipe is known), what is left
beside the mask, then letters and objects. After each stage the combined risk says whether the next
one is worth its time; the caller's budget may cut it short or ask for all.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

from inpaint_studio.gating import semantic as second_pass
from inpaint_studio.gating import words
from inpaint_studio.gating.base import Judgement, JudgeRequest, SemanticJudge
from inpaint_studio.gating.beside import readings_beside
from inpaint_studio.gating.evidence import Evidence, placed
from inpaint_studio.gating.probe import PROBES, reconstruction, sensitivity
from inpaint_studio.gating.readings import change
from inpaint_studio.gating.readings.base import Measured
from inpaint_studio.gating.readings.table import Row, cheap, faults, witnesses
from inpaint_studio.gating.risk import GateSet, RiskModel, as_risk, default_gates
from inpaint_studio.gating.scene import Scene, make_scene
from inpaint_studio.geometry import Box
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.records import Verdict

VETO_RISK = 0.5
AUTO_PROBES = 2
_THREADS = 2
"""Readings taken at a time: numpy and OpenCV let go of the interpreter, more gain little."""
LONGEST = (
    "strange_patch", "closed_shape", "lone_thing", "ring_back", "ghost", "copied_piece",
    "texture_support", "line_break", "new_colour", "join", "repetition",
)  # fmt: skip
"""Readings that take long, the longest first: begun first, or one thread waits for the other at the
end (a 512 px region: 120 ms instead of 140)."""


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
    evidence = Evidence(gates or default_gates())
    started = time.perf_counter()
    leaked = change.leak(request.before, request.after, request.mask, request.ring_px)
    evidence.add("leak", leaked, time.perf_counter() - started)
    evidence.add("known_ground", change.known_ground(request.mask), 0.0)
    scene = make_scene(request)
    _measure(cheap(), scene, evidence, request, token.within(0.0, 0.2))
    for fault in faults():
        evidence.sum_up(fault)
    if _is_open(evidence, request, known_recipe=request.refill is not None):
        _measure(witnesses(), scene, evidence, request, token.within(0.2, 0.4))
    if request.refill is not None and _is_open(evidence, request, known_recipe=True):
        _probe(evidence, request, token.within(0.4, 0.8))
    first = conclude(request, evidence)
    wanted = second_pass.wanted(request, accepted=first.verdict.accepted)
    if not wanted and request.budget == "cheap":
        return first
    for found in readings_beside(request, scene):
        evidence.add(*found)
    if wanted and semantic is not None:
        for found in second_pass.semantic_readings(request, semantic, token):
            evidence.add(*found)
    return conclude(request, evidence)


def _measure(
    rows: Iterable[Row],
    scene: Scene,
    evidence: Evidence,
    request: JudgeRequest,
    token: RunToken,
) -> None:
    """Take the readings side by side: none looks at another's answer, so order changes nothing."""

    def one(measure: Callable[[Scene], Measured | None]) -> tuple[Measured | None, float]:
        token.check()
        started = time.perf_counter()
        found = measure(scene)
        measured = None if found is None else placed(found, scene, request.mask.shape)
        return measured, time.perf_counter() - started

    todo = {line.name: line.measure for line in rows if line.measure is not None}
    first = [name for name in LONGEST if name in todo]
    with ThreadPoolExecutor(_THREADS, "readings") as pool:
        begun = {name: pool.submit(one, todo[name]) for name in dict.fromkeys([*first, *todo])}
        try:
            for name in todo:
                measured, seconds = begun[name].result()
                if measured is not None:
                    evidence.add(name, measured, seconds)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _probe(evidence: Evidence, request: JudgeRequest, token: RunToken) -> None:
    started = time.perf_counter()
    full = request.budget == "full"
    most = PROBES if full else AUTO_PROBES
    probed = reconstruction(request, token.within(0.0, 0.6), most=most)
    if probed is not None:
        evidence.add("reconstruction_mse", probed, time.perf_counter() - started)
    if not full:
        return
    started = time.perf_counter()
    moved = sensitivity(request, token.within(0.6, 1.0))
    if moved is not None:
        evidence.add("sensitivity", moved, time.perf_counter() - started)


def _is_open(evidence: Evidence, request: JudgeRequest, *, known_recipe: bool) -> bool:
    """Say whether dearer readings can still change the answer.

    Without the recipe the witnesses are the only second opinion there is: always heard.
    """
    if request.budget != "auto":
        return request.budget == "full"
    if not known_recipe:
        return True
    low, high = evidence.gates.undecided
    _, model = choose_model(evidence)
    return low <= model.risk(evidence.features) <= high


def choose_model(evidence: Evidence) -> tuple[str, RiskModel]:
    """Return the model that weighs all that has been measured."""
    models = evidence.gates.models
    name = "pair" if "consensus" in evidence.features and "pair" in models else "quick"
    return name, models[name]


def conclude(request: JudgeRequest, evidence: Evidence) -> Judgement:
    """Return the verdict over all that has been measured."""
    gates = evidence.gates
    name, model = choose_model(evidence)
    threshold = gates.thresholds[name]
    logit, parts = model.weighed(evidence.features)
    risk = as_risk(logit)
    vetoed = [reading for reading in evidence.readings if reading.decides and not reading.passed]
    accepted = risk <= threshold and not vetoed
    if vetoed:
        # A veto is no matter of degree: it ends above every risk that passes.
        risk = max(risk, threshold + (1 - threshold) * VETO_RISK)
    most_first = sorted(parts.items(), key=lambda part: -part[1])
    shares = words.shares_by_reading(most_first, evidence.owner)
    blamed = [] if accepted else words.blame(evidence.readings, shares)
    guess = None if accepted else words.likeliest(evidence.readings)
    box = None
    if not accepted:
        named = blamed if guess is None else [guess, *blamed]
        places = (reading.box or evidence.places.get(reading.name) for reading in named)
        box = next((place for place in places if place is not None), Box.of_mask(request.mask))
    verdict = Verdict(
        accepted=accepted,
        risk=risk,
        summary=words.summary(
            accepted=accepted, risk=risk, threshold=threshold, blamed=blamed, guess=guess
        ),
        reasons=words.log_lines(blamed, risk=risk, threshold=threshold, guess=guess),
        readings=tuple(
            words.guessed(reading, evidence.places.get(reading.name))
            if reading is guess
            else words.explained(reading)
            for reading in evidence.readings
        ),
        version=f"{gates.version}/{name}@{threshold:.4f}",
        box=box,
    )
    return Judgement(verdict=verdict, maps=evidence.maps)
