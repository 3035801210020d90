"""Replay: the same fills from their stored inputs, compared stage by stage.

Every fill of a run is made again, the ones that lost a comparison too: which was kept hangs on
their readings. What is compared are the artifacts' sums; what lies in the store is checked
against them, so that damage is named as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from inpaint_studio.engines.table import engine
from inpaint_studio.errors import LibraryError, Missing
from inpaint_studio.gating.base import SemanticJudge
from inpaint_studio.imaging.veil import Veil
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.pipeline.attempt import Attempt, RegionInput, attempt
from inpaint_studio.pipeline.request import Sink, Source
from inpaint_studio.records import EditRecord, FillRecipe, RunRecord, Stage

INPUTS = ("input", "mask", "unusable", "icc", "veil", "veil:numbers")
COMPARED = (*INPUTS, "fill", "blended", "readings")


@dataclass(frozen=True, slots=True)
class ReplayAnswer:
    """`identical`, or the first stage that differs (of which edit), and what may explain it."""

    identical: bool
    edit_id: str = ""
    stage: str = ""
    differences: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        if self.identical:
            return "identical"
        why = "; ".join(self.differences)
        if self.stage == "recipe":
            return f"Edit {self.edit_id} cannot be made again: {why}."
        reason = f" ({why})" if why else ""
        return f"The first difference is at stage {self.stage} of edit {self.edit_id}{reason}."


def replay(
    record: RunRecord,
    objects: Source,
    token: RunToken | None = None,
    *,
    sink: Sink,
    semantic: SemanticJudge | None = None,
) -> ReplayAnswer:
    """Make every fill of `record` again from its artifacts and compare every stage.

    sink must name artifacts as the store that holds `objects` does (a scratch object store).
    Raises: LibraryError when artifacts are gone, Missing when the engine is not there any more.
    """
    token = token or RunToken()
    edits = [edit for edit in record.edits if edit.delta_box is not None]
    for index, edit in enumerate(edits):
        part = token.within(index / len(edits), (index + 1) / len(edits), "replaying")
        answer = _Edit(record, edit, objects, sink, semantic).again(part)
        if not answer.identical:
            return answer
    return ReplayAnswer(True)


class _Edit:
    """One edit of a run: its stored input, and its fills made anew."""

    def __init__(
        self,
        record: RunRecord,
        edit: EditRecord,
        objects: Source,
        sink: Sink,
        semantic: SemanticJudge | None,
    ) -> None:
        self._record = record
        self._edit = edit
        self._objects = objects
        self._sink = sink
        self._semantic = semantic

    def again(self, token: RunToken) -> ReplayAnswer:
        edit = self._edit
        fills = [(lost.recipe, lost.stages) for lost in edit.attempts]
        fills.append((edit.plan.recipe, edit.stages))
        for recipe, _ in fills:
            if changed := _outdated(recipe, self._record.program_version):
                return self._differs("recipe", changed)
        for stage in edit.stages:
            if stage.name in INPUTS and self._is_damaged(stage):
                return self._differs(stage.name, "the stored artifact is damaged")
        region = self._region()
        for index, (recipe, stages) in enumerate(fills):
            part = token.within(index / len(fills), (index + 1) / len(fills))
            made = attempt(region, recipe, sink=self._sink, semantic=self._semantic, token=part)
            answer = self._compared(recipe, stages, made)
            if not answer.identical:
                return answer
        return ReplayAnswer(True)

    def _region(self) -> RegionInput:
        icc = self._edit.stage("icc")
        return RegionInput(
            box=self._edit.box,
            pixels=self._array("input"),
            mask=self._array("mask").astype(np.bool_),
            unusable=self._array("unusable").astype(np.bool_),
            icc=self._objects.get_bytes(icc.sha256) if icc else None,
            kind=self._edit.kind,
            options=self._record.options,
            veil=veil_of(self._edit, self._objects),
        )

    def _array(self, name: str) -> np.ndarray:
        stage = self._edit.stage(name)
        if stage is None:
            raise LibraryError(
                f"Edit {self._edit.edit_id} keeps no {name} artifact, so it cannot replay."
            )
        return self._objects.get_array(stage.sha256)

    def _is_damaged(self, stage: Stage) -> bool:
        """Whether the object is there and is not what its name says."""
        if not self._objects.has(stage.sha256):
            return False
        try:
            self._objects.get_bytes(stage.sha256)
        except LibraryError:
            return True
        return False

    def _compared(self, recipe: FillRecipe, stages: Sequence[Stage], made: Attempt) -> ReplayAnswer:
        new = {stage.name: stage.sha256 for stage in made.stages}
        old = {stage.name: stage for stage in stages}
        for name in COMPARED:
            if name not in old:
                continue
            if new.get(name) != old[name].sha256:
                return self._differs(name, *self._what_changed(recipe, name, made))
            if self._is_damaged(old[name]):
                return self._differs(name, "the stored artifact is damaged")
        return ReplayAnswer(True)

    def _differs(self, stage: str, *differences: str) -> ReplayAnswer:
        return ReplayAnswer(False, self._edit.edit_id, stage, differences)

    def _what_changed(self, recipe: FillRecipe, stage: str, made: Attempt) -> tuple[str, ...]:
        """Compare the recipe's fingerprint with this machine's and with what ran just now; for
        readings, the gates they were judged by."""
        told: list[str] = []
        judged = self._edit.verdict.version
        if stage == "readings" and recipe == self._edit.plan.recipe and (
            made.verdict.version != judged
        ):  # fmt: skip
            told.append(f"the gates were {judged}, are {made.verdict.version}")
        try:
            mask = np.ones((1, 1), dtype=bool)
            now = engine(recipe.engine).recipe(self._record.options, mask).fingerprint
        except Missing as error:
            return (*told, str(error))
        now = {**made.recipe.fingerprint, **now}
        for key, value in recipe.fingerprint.items():
            if now.get(key) != value:
                told.append(f"{key} was {value}, is {now.get(key, 'absent')}")
        return tuple(told)


def veil_of(edit: EditRecord, objects: Source) -> Veil | None:
    """Return the known overlay that an edit took off its crop; None: there was none."""
    weight, numbers = edit.stage("veil"), edit.stage("veil:numbers")
    if weight is None or numbers is None:
        return None
    return Veil.of(objects.get_array(weight.sha256), objects.get_array(numbers.sha256))


def _outdated(recipe: FillRecipe, program: str) -> str:
    """Say that an engine has another version now; "" when it has the same."""
    now = engine(recipe.engine).version
    if now == recipe.engine_version:
        return ""
    made = f"Inpaint Studio {program}" if program else "the program"
    return (
        f"it was filled by version {recipe.engine_version} of the engine {recipe.engine}, which is "
        f"version {now} here; replay it with {made} as it was then"
    )
