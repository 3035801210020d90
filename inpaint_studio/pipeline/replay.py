"""Replay: the same attempt from its stored inputs, compared stage by stage."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inpaint_studio.engines.table import engine
from inpaint_studio.errors import LibraryError, Missing
from inpaint_studio.gating.base import SemanticJudge
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.pipeline.attempt import RegionInput, attempt
from inpaint_studio.pipeline.request import Sink, Source
from inpaint_studio.records import EditRecord, FillRecipe, RunRecord

COMPARED = ("input", "mask", "unusable", "fill", "blended", "readings")


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
        why = f" ({'; '.join(self.differences)})" if self.differences else ""
        return f"first difference at stage {self.stage} of edit {self.edit_id}{why}"


def replay(
    record: RunRecord,
    objects: Source,
    token: RunToken | None = None,
    *,
    sink: Sink,
    semantic: SemanticJudge | None = None,
) -> ReplayAnswer:
    """Make every edit of `record` again from its artifacts and compare every stage.

    sink must name artifacts as the store that holds `objects` does (a scratch object store).
    Raises: LibraryError when artifacts are gone, Missing when the engine is not there any more.
    """
    token = token or RunToken()
    edits = [edit for edit in record.edits if edit.stages]
    for index, edit in enumerate(edits):
        part = token.within(index / len(edits), (index + 1) / len(edits), "replaying")
        answer = _replay_edit(edit, record, objects, part, sink=sink, semantic=semantic)
        if not answer.identical:
            return answer
    return ReplayAnswer(True)


def _replay_edit(
    edit: EditRecord,
    record: RunRecord,
    objects: Source,
    token: RunToken,
    *,
    sink: Sink,
    semantic: SemanticJudge | None,
) -> ReplayAnswer:
    recipe = edit.plan.recipe
    maker = engine(recipe.engine)
    if maker.version != recipe.engine_version:
        change = f"engine {recipe.engine} is version {maker.version}, was {recipe.engine_version}"
        return ReplayAnswer(False, edit.edit_id, "recipe", (change,))
    region = RegionInput(
        box=edit.box,
        pixels=_array(edit, "input", objects),
        mask=_array(edit, "mask", objects).astype(np.bool_),
        unusable=_array(edit, "unusable", objects).astype(np.bool_),
        icc=_icc(edit, objects),
        kind=edit.kind,
        options=record.options,
    )
    again = attempt(region, recipe, sink=sink, semantic=semantic, token=token)
    new = {stage.name: stage.sha256 for stage in again.stages}
    for name in COMPARED:
        old = edit.stage(name)
        if old is not None and new.get(name) != old.sha256:
            return ReplayAnswer(
                False, edit.edit_id, name, _what_changed(edit, record, again.recipe)
            )
    return ReplayAnswer(True)


def _array(edit: EditRecord, name: str, objects: Source) -> np.ndarray:
    stage = edit.stage(name)
    if stage is None:
        raise LibraryError(f"Edit {edit.edit_id} keeps no {name} artifact, so it cannot replay.")
    return objects.get_array(stage.sha256)


def _icc(edit: EditRecord, objects: Source) -> bytes | None:
    stage = edit.stage("icc")
    return objects.get_bytes(stage.sha256) if stage else None


def _what_changed(edit: EditRecord, record: RunRecord, again: FillRecipe) -> tuple[str, ...]:
    """Compare the fingerprint of the recipe with this machine's and with what ran just now."""
    old = edit.plan.recipe.fingerprint
    try:
        mask = np.ones((1, 1), dtype=bool)
        now = engine(edit.plan.recipe.engine).recipe(record.options, mask).fingerprint
    except Missing as error:
        return (str(error),)
    ran = {k: v for k, v in again.fingerprint.items() if k not in now}
    now = {**now, **ran}
    return tuple(
        f"{key} was {value}, is {now.get(key, 'absent')}"
        for key, value in old.items()
        if now.get(key) != value
    )
