"""From “Run” to a committed edit: asks, waits, lets choose, commits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QWidget

from inpaint_studio.arrays import MaskBool
from inpaint_studio.geometry import Box
from inpaint_studio.pipeline.request import RunResult
from inpaint_studio.records import FillRecipe, Plan, RunOptions
from inpaint_studio.routing.onward import other_engines
from inpaint_studio.ui.canvas.picture import Patched
from inpaint_studio.ui.retouch.edithand import EditInHand
from inpaint_studio.ui.retouch.editor import Editor
from inpaint_studio.ui.retouch.inspector import Inspector, engine_title
from inpaint_studio.ui.retouch.runner import Batch, Runner, Task
from inpaint_studio.ui.retouch.variations import VariationStrip
from inpaint_studio.ui.text import tr

if TYPE_CHECKING:
    from inpaint_studio.app import Kept, Studio
    from inpaint_studio.ui.retouch.document import Document

SEED_STEP = 1
PLAN_AFTER_MS = 350


class RunControl(QObject):
    """Holds what is being run."""

    notice = Signal(str, str)
    status = Signal(str, str)
    added = Signal()
    """A new edit is in the photo, and in hand."""
    choosing = Signal(object)
    """Variations are shown: the box they differ in."""

    def __init__(
        self, studio: Studio, editor: Editor, runner: Runner, inspector: Inspector,
        strip: VariationStrip, hand: EditInHand, window: QWidget,
    ) -> None:  # fmt: skip
        super().__init__(window)
        self._studio = studio
        self._editor = editor
        self._runner = runner
        self._inspector = inspector
        self._strip = strip
        self.hand = hand
        self._choosing: Batch | None = None
        self._was_busy = False
        self._planned_as: Plan | None = None
        runner.batch_ended.connect(self._ended)
        runner.planned.connect(self._planned)
        runner.trouble.connect(self._trouble)
        runner.changed.connect(self._progress)
        strip.shown.connect(self._show_variation)
        strip.taken.connect(self.take_variation)
        strip.dropped.connect(self.drop_variations)
        self._plan_soon = QTimer(self)
        self._plan_soon.setSingleShot(True)
        self._plan_soon.setInterval(PLAN_AFTER_MS)
        self._plan_soon.timeout.connect(self.plan)
        editor.mask_edited.connect(self.mask_changed)

    # Asking

    def options(self) -> RunOptions:
        """What the panel and the tool bar say."""
        wish = self._inspector.run.options()
        feather = self._editor.feather_px if self._editor.feather_set else None
        return replace(wish, feather_px=feather, kind=self._editor.kind)

    def _mask(self) -> tuple[Document, Box, MaskBool] | None:
        document = self._editor.document
        if document is None:
            return None
        if document.mask.is_empty:
            self.notice.emit(
                "info",
                tr("Nothing is masked yet: paint what shall go (B), or let text be proposed "
                   "(Shift+T)."),
            )  # fmt: skip
            return None
        box, mask = document.mask.copy()
        mask = without(mask, box, self._runner.under_way(document))
        if not mask.any():
            self.notice.emit("info", tr("That is being filled already; paint something more."))
            return None
        return document, box, mask

    def run(self, *, first: bool = False) -> None:
        """Run over the mask: once, or as many variations as asked for."""
        given = self._mask()
        if given is None:
            return
        wish = self.options()
        number = self._inspector.run.variations.value()
        asked = [replace(wish, seed=wish.seed + SEED_STEP * n) for n in range(number)]
        document, box, mask = given
        self._runner.fill(document, box, mask, asked, first=first)

    def run_first(self) -> None:
        """Run before everything that waits."""
        self.run(first=True)

    def run_both(self) -> None:
        """Run the planned engine and the one that would go next; the gates say which is better."""
        given = self._mask()
        if given is None:
            return
        document, box, mask = given
        wish = self.options()
        planned = self._planned_as or Plan(recipe=FillRecipe(engine="patch", engine_version=0))
        if wish.engine != "auto":
            planned = replace(planned, recipe=replace(planned.recipe, engine=wish.engine))
        others = other_engines(planned, self._runner.offers)
        asked = [replace(wish, engine=name) for name in (planned.engine, *others[:1])]
        self._runner.fill(document, box, mask, asked)

    def mask_changed(self) -> None:
        """The mask is another one: its plan is asked for soon."""
        self._planned_as = None
        document = self._editor.document
        ready = document is not None and not document.mask.is_empty
        why = tr("First mark what shall go: paint over it (B), or let it be found (P).")
        self._inspector.run.set_ready(ready, "" if ready or document is None else why)
        if ready:
            self._plan_soon.start()
        else:
            self._plan_soon.stop()
            if self.hand.chosen < 0:
                self._inspector.show_plans([])

    def plan(self) -> None:
        """Ask which engine would run, and why."""
        document = self._editor.document
        if document is None or document.mask.is_empty or self._runner.busy:
            return
        box, mask = document.mask.copy()
        self._runner.plan(document, box, mask, self.options())

    def _planned(self, task: Task, found: list[tuple[Box, Plan]]) -> None:
        document = self._editor.document
        if task.document is document and document is not None and not document.mask.is_empty:
            self.hand.choose(-1)
            self._planned_as = found[0][1] if found else None
            self._inspector.show_plans([plan for _, plan in found])

    def _progress(self) -> None:
        busy = self._runner.busy
        self._inspector.tasks.show_tasks(busy)
        if not busy and self._was_busy:
            self.status.emit("good", tr("Ready · offline"))
        self._was_busy = bool(busy)
        if busy:
            waiting = len(busy) - 1
            words = busy[0].progress.stage.capitalize() if busy[0].progress else busy[0].title
            more = f" · {waiting} " + tr("waiting") if waiting else ""
            self.status.emit("busy", words + more)

    # What came of it

    def _ended(self, batch: Batch) -> None:
        results = batch.results
        states = {task.state for task in batch.tasks}
        if not results:
            if "cancelled" in states:
                self.status.emit("idle", tr("Cancelled"))
            else:
                self.status.emit("bad", tr("Failed"))
            return
        if len(batch.tasks) == 1:
            self._commit(batch, results[0])
            return
        if batch.document is not self._editor.document:
            self._commit(batch, results[0])
            return
        self._choosing = batch
        self._strip.show_results(results, batch.box, batch.document)
        self.choosing.emit(batch.box)

    def _show_variation(self, index: int) -> None:
        batch = self._choosing
        if batch is None:
            return
        result = batch.results[index]
        document = batch.document
        patches = [(delta.box, delta.after) for delta in result.deltas if delta is not None]
        canvas = self._editor.canvas
        shown = Patched(document.pyramid, patches, document.to_screen)
        canvas.set_pictures(shown, document.pyramid, keep_view=True)
        canvas.scene.show_mask = canvas.scene.show_ants = False
        if result.record.edits:
            self._inspector.show_edit(result.record.worst, choosing=True)

    def take_variation(self, index: int = -1) -> None:
        """Commit the variation shown."""
        batch = self._choosing
        if batch is None:
            return
        result = batch.results[index if index >= 0 else max(0, self._strip.current)]
        self._leave_choice()
        self._commit(batch, result)

    def drop_variations(self) -> bool:
        """Take none of them; the mask stays as it was."""
        had = self._choosing is not None
        self._leave_choice()
        return had

    def _leave_choice(self) -> None:
        if self._choosing is None:
            return
        self._choosing = None
        self._strip.clear()
        document = self._editor.document
        scene = self._editor.canvas.scene
        scene.show_mask = scene.show_ants = True
        if document is not None:
            self._editor.canvas.set_pictures(document.pyramid, None, keep_view=True)
            self._editor.pixels_changed.emit()
        self._inspector.show_edit(None)

    def _commit(self, batch: Batch, result: RunResult) -> None:
        if not any(delta is not None for delta in result.deltas):
            self.notice.emit("warn", tr("Every engine gave up on this region; nothing changed."))
        document = batch.document
        work = partial(self._studio.keep, result, photo=document.row)
        self._editor.in_order(work, partial(self._kept, batch))

    def _kept(self, batch: Batch, kept: Kept) -> None:
        document, record = batch.document, kept.record
        document.runs[record.run_id] = record
        document.saved = False
        if batch.replaces >= 0:
            self._editor.hide_edit(batch.replaces, True)
            old = document.edit_of(batch.replaces)
            if old is not None:
                self._editor.in_order(partial(document.withdraw, [old.edit_id]), _heard)
        take: tuple[Box, MaskBool] | None = (batch.box, batch.mask)
        for edit, delta in zip(record.edits, kept.result.deltas, strict=True):
            if delta is None:
                continue
            label = f"{tr(edit.plan.recipe.intent.capitalize())} · {engine_title(edit.plan.engine)}"
            self._editor.commit(
                label, (delta,), edit_id=edit.edit_id, run_id=record.run_id, take=take,
                document=document,
            )  # fmt: skip
            take = None
        self._editor.in_order(_nothing, partial(self._show_newest, document))

    def _show_newest(self, document: Document, _answer: Any) -> None:
        if document is self._editor.document:
            self.hand.newest()
            self.added.emit()

    def stop(self) -> None:
        """Ask for no more plans (the window closes)."""
        self._plan_soon.stop()

    def _trouble(self, words: str) -> None:
        self.status.emit("bad", tr("Failed"))
        self.notice.emit("bad", words)


def without(mask: MaskBool, box: Box, others: Sequence[tuple[Box, MaskBool]]) -> MaskBool:
    """The mask of `box` without what other masks hold: a queue fills nothing twice."""
    left = mask.copy()
    for other, taken in others:
        common = other.clamp(box)
        if other.overlaps(box) and not common.is_empty:
            left[common.relative_to(box).slices] &= ~taken[common.relative_to(other).slices]
    return left


def _heard(_answer: object) -> None:
    """Nothing more to do."""


def _nothing() -> None:
    """Stands in the ordered line to hear when everything before it is done."""
