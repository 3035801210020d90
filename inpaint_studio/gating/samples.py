"""Measure labelled, perfect and deliberately faulty edits: what the gates are trained on."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from inpaint_studio.gating.base import JudgeRequest
from inpaint_studio.gating.labelled import BAD, GOOD, LabelledEdit
from inpaint_studio.gating.planted import FAULTS, LEGIBLE, STRUCTURE, plant
from inpaint_studio.gating.readings.table import Row, cheap, witnesses
from inpaint_studio.gating.scene import make_scene

FAULTS_PER_TRUTH = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One edit's features. `origin`: "label" (a person's), "truth", or the planted fault."""

    photo: str
    engine: str
    label: int
    origin: str
    features: dict[str, float]

    @property
    def is_clean(self) -> bool:
        """A right edit: labelled good, or the true pixels."""
        return self.label == GOOD and self.origin in ("label", "truth")


def features_of(edit: LabelledEdit, rows: Iterable[Row]) -> dict[str, float]:
    """Return the features of one edit that need the pair alone."""
    scene = make_scene(JudgeRequest(before=edit.before, after=edit.after, mask=edit.mask))
    found: dict[str, float] = {}
    for row in rows:
        measured = None if row.measure is None else row.measure(scene)
        if measured is not None:
            found[row.name] = measured.value
            found.update(measured.also)
    return found


@lru_cache(maxsize=1)
def features_by_reading() -> dict[str, tuple[str, ...]]:
    """Return the names of the numbers that each reading of the pair gives."""
    ground = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    mask = np.zeros((64, 64), dtype=bool)
    mask[20:44, 20:44] = True
    scene = make_scene(JudgeRequest(before=ground, after=ground[::-1], mask=mask))
    found = {}
    for row in (*cheap(), *witnesses()):
        measured = None if row.measure is None else row.measure(scene)
        if measured is not None:
            found[row.name] = (row.name, *measured.also)
    return found


def mirrored(edit: LabelledEdit) -> LabelledEdit | None:
    """Return another perfect edit: the true photo turned over, the thing where it was.

    None where the truth is not known. What lies under the mask is new, its pixels are right.
    """
    if edit.truth is None:
        return None
    turned = np.ascontiguousarray(edit.truth[:, ::-1])
    before = turned.copy()
    before[edit.mask] = edit.before[edit.mask]
    return replace(edit, before=before, after=turned, truth=turned)


def collect(
    edits: Iterable[LabelledEdit], *, report: Callable[[int], None] = lambda _: None
) -> Iterator[Sample]:
    """Yield labelled edits, the true pixels of each scene as an edit, and both with faults.

    The true photo turned over gives each scene a second perfect edit, which bears no faults.

    Faults go into good edits (each of them) and into true ones (four in turn, and those of
    structure, for which not every hole has room), letters and pasted things with hard and with
    smooth edges; faults are measured by the cheap readings alone, as those must find them.
    """
    perfect: dict[str, int] = {}
    for number, edit in enumerate(edits, start=1):
        report(number)
        yield _sample(edit, edit.label, "label")
        if edit.label == GOOD:
            yield from _faulty(edit, FAULTS)
        if edit.truth is None or edit.scene in perfect:
            continue
        turn = perfect.setdefault(edit.scene, len(perfect))
        true = edit.with_after(edit.truth)
        yield _sample(true, GOOD, "truth")
        if (other := mirrored(edit)) is not None:
            yield _sample(other, GOOD, "truth")
        others = [fault for fault in FAULTS if fault not in STRUCTURE]
        picked = [others[(turn * FAULTS_PER_TRUTH + k) % len(others)]
                  for k in range(FAULTS_PER_TRUTH)]  # fmt: skip
        yield from _faulty(true, (*picked, *STRUCTURE), engine="truth", seed=turn)


def _faulty(
    edit: LabelledEdit, faults: Iterable[str], *, engine: str = "", seed: int = 0
) -> Iterator[Sample]:
    edges = [(f, smooth) for f in faults for smooth in (False, True) if f in LEGIBLE or not smooth]
    for fault, smooth in edges:
        planted = plant(edit.before, edit.after, edit.mask, fault, seed=seed, smooth=smooth)
        if planted.visible:
            features = features_of(edit.with_after(planted.after), cheap())
            yield Sample(photo=edit.photo, engine=engine or edit.engine, label=BAD,
                         origin=fault, features=features)  # fmt: skip


def _sample(edit: LabelledEdit, label: int, origin: str) -> Sample:
    return Sample(
        photo=edit.photo,
        engine="truth" if origin == "truth" else edit.engine,
        label=label,
        origin=origin,
        features=features_of(edit, (*cheap(), *witnesses())),
    )


def keep(samples: Iterable[Sample], path: Path) -> list[Sample]:
    """Write samples, one JSON line each, as they come; return them."""
    found: list[Sample] = []
    with path.open("w") as file:
        for sample in samples:
            file.write(json.dumps(asdict(sample)) + "\n")
            found.append(sample)
    return found


def kept(path: Path) -> list[Sample]:
    """Return the samples of such a file."""
    return [Sample(**json.loads(line)) for line in path.read_text().splitlines()]
