"""The edit in hand: shown with its verdict, decided, hidden, run again, sent on, replayed."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QPoint, Qt, Signal
from PySide6.QtWidgets import QMenu, QWidget

from inpaint_studio.arrays import MaskBool
from inpaint_studio.geometry import Box
from inpaint_studio.pipeline.replay import ReplayAnswer
from inpaint_studio.records import EditRecord, RunOptions
from inpaint_studio.routing.onward import Change, next_route
from inpaint_studio.ui.retouch.editor import Editor
from inpaint_studio.ui.retouch.inspector import Inspector, engine_title
from inpaint_studio.ui.retouch.runner import Runner, Task
from inpaint_studio.ui.retouch.runpanel import ENGINE_TITLES
from inpaint_studio.ui.text import tr

if TYPE_CHECKING:
    from inpaint_studio.app import Studio
    from inpaint_studio.ui.retouch.document import Document


class EditInHand(QObject):
    """Holds which edit of the history is looked at, and does what can be done to it."""

    notice = Signal(str, str)
    changed = Signal(int)
    """Another edit is in hand (its position; -1: none)."""
    decided = Signal(object)
    """The review queue says something else of the document's edits now."""

    def __init__(
        self, studio: Studio, editor: Editor, runner: Runner, inspector: Inspector, window: QWidget
    ) -> None:
        super().__init__(window)
        self._studio = studio
        self._editor = editor
        self._runner = runner
        self._inspector = inspector
        self._window = window
        self._scratch: list[Path] = []
        self.chosen = -1
        self.waits = False
        """Whether the edit in hand waits for a person's decision."""
        editor.moved.connect(self.newest)
        runner.replayed.connect(self._replayed)

    @property
    def record(self) -> EditRecord | None:
        """What is known of the edit in hand; None for none, or one that no engine made."""
        document = self._editor.document
        return document.edit_of(self.chosen) if document is not None else None

    def newest(self) -> None:
        """Take the newest edit that is in force in hand."""
        document = self._editor.document
        self.choose(document.history.cursor - 1 if document is not None else -1)

    def choose(self, position: int) -> None:
        """Take an edit of the history in hand (-1: none)."""
        document = self._editor.document
        edit = document.edit_of(position) if document is not None else None
        self.chosen = position if document is not None and position >= 0 else -1
        item = document.item_of(edit) if document is not None and edit is not None else None
        self.waits = item is not None and bool(item.waiting)
        decided = (item.state, item.reviewer) if item is not None else ("", "")
        self._inspector.show_edit(edit, waiting=self.waits, decided=decided)
        self.changed.emit(self.chosen)

    def next_flagged(self) -> int:
        """The next edit in sight that is flagged and undecided, after the one in hand; -1: none."""
        document = self._editor.document
        positions = document.undecided() if document is not None else []
        if not positions:
            self.notice.emit("info", tr("No edit of this photo is flagged and undecided."))
            return -1
        return next((at for at in positions if at > self.chosen), positions[0])

    def decide(self, verdict: Any, *, reason: str = "") -> None:
        """Accept or reject the edit in hand, for good and for the record."""
        document, edit = self._editor.document, self.record
        item = self._studio.queue.of_edit(edit.edit_id) if edit is not None else None
        if edit is None or item is None or document is None:
            return
        readings = {reading.name: reading.value for reading in edit.verdict.readings}
        work = partial(
            self._studio.queue.decide, item.item_id, verdict, reviewer=self._reviewer(),
            reason=reason, readings=readings, thresholds=edit.verdict.version,
            views=(self._editor.canvas.mode.value,),
        )  # fmt: skip
        self._editor.in_order(work, partial(self._decided, verdict))

    def accept(self) -> None:
        self.decide("accept")

    def reject(self) -> None:
        """Say no and take the edit out of the photo."""
        document = self._editor.document
        if document is None or self.chosen < 0:
            return
        position = self.chosen
        self.decide("reject", reason="other")
        if document.timeline.newest_edit == position:
            self._editor.undo()
        else:
            self._editor.hide_edit(position, True)

    def _decided(self, verdict: str, _answer: Any) -> None:
        words = {"accept": tr("Approved."), "reject": tr("Rejected and taken out.")}
        self.notice.emit("good", words.get(verdict, tr("Noted.")))
        document = self._editor.document
        if document is not None:
            document.forget_items()
            self.choose(min(self.chosen, document.history.cursor - 1))
            self.decided.emit(document)

    def _reviewer(self) -> str:
        return self._studio.reviewer

    def hide(self) -> None:
        """Hide or show the edit in hand."""
        document = self._editor.document
        if document is not None and 0 <= self.chosen < len(document.history.entries):
            hidden = document.history.entries[self.chosen].hidden
            self._editor.hide_edit(self.chosen, not hidden)

    def again(self) -> None:
        """Run the edit in hand again: by the engine now chosen, else by what goes next."""
        document, edit = self._editor.document, self.record
        if document is None or edit is None:
            self.notice.emit("info", tr("Choose an edit in the history first."))
            return
        wish = self._inspector.run.options()
        if wish.engine == "auto":
            step: Change | None = "seed" if edit.verdict.accepted else None
            tried = document.recipes_tried(edit)
            route = next_route(edit.plan, edit.verdict, self._runner.offers, tried, wish=step)
            if route is None:
                self.notice.emit("info", tr("No other way is left to try; fix it by hand."))
                return
            wish = route.options(replace(wish, kind=edit.kind), edit.plan)
            self.notice.emit("info", route.reason.text)
        elif wish.seed == edit.plan.recipe.seed and wish.engine == edit.plan.engine:
            wish = replace(wish, seed=wish.seed + 1)
        self._run_again(wish)

    def _run_again(self, wish: RunOptions) -> None:
        document, edit = self._editor.document, self.record
        if document is None or edit is None:
            return
        stage = edit.stage("mask")
        if stage is None or not stage.sha256:
            self.notice.emit("warn", tr("The mask of this edit has been swept; paint it again."))
            return
        position = self.chosen
        work = partial(mask_of, self._studio, edit.box, stage.sha256)
        self._editor.in_order(work, partial(self._again_with, document, wish, position))

    def retry_menu(self, corner: QPoint) -> QMenu | None:
        """Open the ways to run the edit in hand anew, above a point of the screen."""
        edit = self.record
        if edit is None:
            return None
        menu = QMenu(self._window)
        menu.setAccessibleName(tr("Run again with"))
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        now = edit.plan.engine
        menu.addAction(tr("What fits best next"), self.again)
        menu.addAction(tr("Another seed"), partial(self.again_by, now))
        menu.addSeparator()
        for name in ENGINE_TITLES:
            if name in self._runner.ready and name != now:
                menu.addAction(engine_title(name), partial(self.again_by, name))
        menu.popup(corner - QPoint(0, menu.sizeHint().height()))
        return menu

    def again_by(self, engine: str) -> None:
        """Run the edit in hand again by one engine: with its next seed if it was that one's."""
        edit = self.record
        if edit is not None:
            seed = edit.plan.recipe.seed + (engine == edit.plan.engine)
            self._run_again(replace(self._inspector.run.options(), engine=engine, seed=seed))

    def _again_with(
        self, document: Document, wish: RunOptions, position: int, found: tuple[Box, MaskBool]
    ) -> None:
        """Undo the old try, so that the new one sees the photo as it was, and run."""
        is_newest = document.timeline.newest_edit == position
        if is_newest:
            self._editor.undo()
        self._runner.fill(document, *found, [wish], replaces=-1 if is_newest else position)

    def to_review(self) -> None:
        """Put the edit in hand in the review queue."""
        from inpaint_studio.review.items import item_for

        document, edit = self._editor.document, self.record
        if document is None or edit is None:
            self.notice.emit("info", tr("Choose an edit in the history first."))
            return
        record = document.runs[document.history.entries[self.chosen].run_id]
        item = item_for(
            record, edit, None, photo_id=document.row.photo_id,
            folder=str(document.path.parent), origin="sent",
        )  # fmt: skip
        self._editor.in_order(partial(self._studio.queue.add, item), self._sent)

    def _sent(self, _answer: Any) -> None:
        self.notice.emit("good", tr("The edit waits in Review now."))
        document = self._editor.document
        if document is not None:
            document.forget_items()
            self.choose(self.chosen)
            self.decided.emit(document)

    # Proof

    def replay(self) -> None:
        """Run the edit's run again and compare every stage."""
        document = self._editor.document
        entries = document.history.entries if document is not None else ()
        if document is None or not 0 <= self.chosen < len(entries):
            return
        scratch = Path(tempfile.mkdtemp(prefix="replay-"))
        self._scratch.append(scratch)
        self._runner.replay(document, entries[self.chosen].run_id, scratch)

    def _replayed(self, _task: Task, answer: ReplayAnswer) -> None:
        words = tr("Identical, bit for bit.") if answer.identical else answer.sentence
        self._inspector.show_answer(words, good=answer.identical)
        self.sweep()

    def sweep(self) -> None:
        """Remove what replays have left."""
        for folder in self._scratch:
            shutil.rmtree(folder, ignore_errors=True)
        self._scratch.clear()


def mask_of(studio: Studio, box: Box, key: str) -> tuple[Box, MaskBool]:
    """The mask an edit was made with, tight."""
    mask = studio.library.objects.get_array(key).astype(bool)
    inside = Box.of_mask(mask)
    return inside.shift(box.left, box.top), mask[inside.slices].copy()
