"""A photo's worker without pixels: the batch's promises do not depend on what a fill looks like."""

import os
import time
from dataclasses import replace
from pathlib import Path

from inpaint_studio.errors import BadPhoto
from inpaint_studio.gating.risk import default_gates
from inpaint_studio.geometry import Box
from inpaint_studio.imaging.photo.files import write_whole
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.pipeline.road import new_id
from inpaint_studio.records import EditRecord, FillRecipe, Plan, RunOptions, RunRecord, Verdict
from inpaint_studio.review.batch_worker import Order, Outcome, Part
from inpaint_studio.review.intake import Shares, take_in
from inpaint_studio.store.objects import ObjectStore


def process(order: Order, objects: str, token: RunToken) -> Outcome:
    """What happens to a photo is said by its name."""
    name = Path(order.path).name
    if "slow" in name:
        for step in range(60):
            token.step(step / 60, "slow")
            time.sleep(0.05)
    if "killer" in name:
        os.abort()
    if "bug" in name:
        assert name == ""
    if "broken" in name and not order.engine:
        raise BadPhoto(f"{name} cannot be opened; replace it.")
    sha256 = f"{name}-sha"
    if "clean" in name:
        return Outcome(ending="clean", sha256=sha256, shape=(4, 4), message="nothing to remove")
    is_good = "bad" not in name or order.engine == "flat"
    recipe = FillRecipe(engine=order.engine or "patch", engine_version=1)
    edit = EditRecord(
        edit_id=new_id(), box=Box(0, 0, 4, 4), kind="text", plan=Plan(recipe=recipe),
        verdict=Verdict(accepted=is_good, risk=0.1 if is_good else 0.9),
        state="accepted" if is_good else "queued",
    )  # fmt: skip
    record = RunRecord(
        run_id=new_id(), created="", options=RunOptions(), edits=(edit,),
        photo_name=order.path, photo_sha256=sha256,
    )  # fmt: skip
    store = ObjectStore(Path(objects))
    shares = Shares(audit=order.options.audit_share)
    intake = take_in(record, (None,), store, batch_id=order.batch_id, shares=shares)
    items = tuple(replace(i, gate="" if is_good else "seam") for i in intake.items)
    if is_good:
        target = Path(order.output)
        target.parent.mkdir(parents=True, exist_ok=True)
        write_whole(target, lambda file: file.write(Path(order.path).read_bytes()) and None)
    return Outcome(
        ending="done" if is_good else "flagged", sha256=sha256, shape=(4, 4),
        parts=(Part(record=record, intake=replace(intake, items=items)),),
        output_sha256="written" if is_good else "", seconds=0.01,
    )  # fmt: skip


def gates_in_force(_token: RunToken) -> str:
    """The version of the gate set this worker judges by."""
    return default_gates().version
