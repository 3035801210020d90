"""The Review page: places its parts, turns keys into decisions, and goes on to the next item.

A decision is durable before the next item is shown. Zoom and mode stay from item to item,
centred on each edit. What must be computed (photos, attempts, precedents) is computed elsewhere.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from inpaint_studio.review.events import REASONS, Verdict
from inpaint_studio.review.fixing import fix_of
from inpaint_studio.review.groups import Group
from inpaint_studio.store.rows import ReviewRow
from inpaint_studio.ui.actions import Actions
from inpaint_studio.ui.canvas import Canvas
from inpaint_studio.ui.canvas.panes import Mode
from inpaint_studio.ui.review.aside import Asides
from inpaint_studio.ui.review.attempts import AttemptDesk
from inpaint_studio.ui.review.bars import CompareBar, FilterBar, ReasonBar
from inpaint_studio.ui.review.candidates import Candidates
from inpaint_studio.ui.review.decisions import Decisions, Looked
from inpaint_studio.ui.review.delivery import Delivery
from inpaint_studio.ui.review.group_page import GroupPage
from inpaint_studio.ui.review.panel import ReviewPanel
from inpaint_studio.ui.review.queue_list import QueueList
from inpaint_studio.ui.review.queue_model import QueueModel
from inpaint_studio.ui.review.row_words import is_hidden
from inpaint_studio.ui.review.shots import Shot, Shots
from inpaint_studio.ui.review.stage import Stage
from inpaint_studio.ui.review.walk import Walk
from inpaint_studio.ui.text import count, tr
from inpaint_studio.ui.widgets import dim
from inpaint_studio.ui.widgets.columns import side_by_side
from inpaint_studio.ui.workspace import Workspace

if TYPE_CHECKING:
    from inpaint_studio.app import Studio

AHEAD = 3
ASIDE_AFTER_MS = 120
HINT_MS = 6000
GAUGES_AFTER_MS = 15
"""The photo and its verdict are painted first; twenty gauges take longer than both."""


class ReviewWorkspace(Workspace):
    """Every flagged edit with its evidence, decided by keyboard."""

    shown = Signal(str)
    """An item's id when it is on the screen (for measuring)."""

    def __init__(self, studio: Studio, actions: Actions, parent: QWidget) -> None:
        super().__init__(studio, actions, parent)
        self.queue = studio.queue
        self.shots = Shots(studio.library, self.background, self._shot_arrived)
        self.candidates = Candidates(studio, self.background, self)
        self.attempts = AttemptDesk(studio, self.background, self.candidates, self)
        self.list = QueueList(QueueModel(self.queue), studio.library.objects)
        self.filters = FilterBar()
        self.walk = Walk(studio.library, self.queue, self.filters, self.list, self.background, self)
        self.canvas = Canvas()
        self.stage = Stage(self.canvas, self)
        self.asides = Asides(studio.library, self.queue, self.background, self)
        self.panel = ReviewPanel()
        self.compare = CompareBar()
        self.reasons = ReasonBar()
        self.stack = QStackedWidget()
        self.group_page: GroupPage | None = None
        self._foot = dim("")
        self._since = time.monotonic()
        self._asking = False
        self._group: Group | None = None
        self.delivery = Delivery(studio.library, self.background, self)
        self.decisions = Decisions(studio, self.attempts, self.delivery, self)
        self._aside_timer = self._timer(ASIDE_AFTER_MS, self._show_aside)
        self._hint_timer = self._timer(HINT_MS, partial(self.compare.hint, ""))
        self._gauge_timer = self._timer(GAUGES_AFTER_MS, self._show_gauges)
        self._build()
        self._connect()
        self._register()

    # Parts

    def _timer(self, ms: int, slot: Callable[[], object]) -> QTimer:
        made = QTimer(self)
        made.setSingleShot(True)
        made.setInterval(ms)
        made.timeout.connect(slot)
        return made

    def _build(self) -> None:
        left = QWidget()
        left.setObjectName("panel")
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.filters)
        column.addWidget(self.list, 1)
        foot = QHBoxLayout()
        foot.setContentsMargins(16, 8, 16, 10)
        foot.addWidget(self._foot)
        column.addLayout(foot)
        middle = QWidget()
        inner = QVBoxLayout(middle)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(0)
        inner.addWidget(self.canvas, 1)
        inner.addWidget(self.reasons)
        inner.addWidget(self.compare)
        self.stack.addWidget(middle)
        side_by_side(self, (left, self.stack, self.panel), (270, 860, 304), grows=1)
        self.compare.show_mode(self.canvas.mode.value)

    def _connect(self) -> None:
        self.walk.moved.connect(self._show_item)
        self.list.clicked.connect(self._clicked)
        self.stage.zoomed.connect(self.compare.show_zoom)
        self.stage.mode_changed.connect(self._mode_changed)
        self.compare.mode_chosen.connect(self.stage.choose)
        self.compare.zoomed.connect(self.stage.zoom)
        self.asides.found.connect(self._aside_found)
        self.panel.decided.connect(self._pressed)
        self.panel.noted.connect(self._note)
        self.panel.pointed.connect(self._point)
        self.panel.precedent_chosen.connect(self._show_precedent)
        self.attempts.arrived.connect(self._attempt_arrived)
        self.attempts.ended.connect(self._attempt_ended)
        self.attempts.counted.connect(self._count)
        self.decisions.changed.connect(self.walk.model.changed)
        self.decisions.failed.connect(self._failed)
        self.decisions.repeated.connect(self._repeated)
        self.delivery.said.connect(self._delivered)

    def _register(self) -> None:
        on = self.actions_.on
        on("review.accept", self.accept)
        on("review.reject", self.ask_reason)
        for number, reason in enumerate(REASONS, 1):
            on(f"review.reason{number}", partial(self.reject, reason.name))
        on("review.fix", self.fix)
        on("review.skip", self.skip)
        on("review.escalate", self.escalate)
        on("review.undo", self.undo)
        on("review.next", partial(self.walk.step, 1))
        on("review.previous", partial(self.walk.step, -1))
        self.actions_.on_held("review.before", self.stage.hold_before)
        on("review.difference", self.stage.difference)
        on("review.cycle", self.stage.cycle)
        on("review.group", self.group)
        on("review.evidence", self._evidence)
        on("review.fit", self.stage.fit)
        on("review.actual", self.stage.actual)
        on("review.edit", self.stage.to_edit)
        on("review.in", partial(self.stage.zoom, 1))
        on("review.out", partial(self.stage.zoom, -1))
        on("review.sheet", partial(self.actions_.run, "app.sheet"))
        on("review.filter", self.filters.open_search)
        self.actions_.set_checked("review.evidence", True)

    # Workspace

    def enter(self, what: object = None) -> None:
        """Show the queue; `what` may be a dict of filters or an item's id."""
        if self.decisions.close_fixed():
            self._tell(tr("Fixed in the editor, and closed"))
        if isinstance(what, dict):
            self.filters.pick(**{str(key): str(value) for key, value in what.items()})
        elif isinstance(what, str) and what:
            self.walk.open(what)
        else:
            self.walk.reload()
        self.canvas.setFocus()

    def leave(self) -> None:
        self.canvas.hold_before(False)
        self._ask(False)
        self.candidates.give_way()
        self.delivery.now()

    def open_files(self, paths: Sequence[Path]) -> None:
        self.asked.emit("retouch", None)

    def close_down(self) -> bool:
        for timer in (self._gauge_timer, self._aside_timer, self._hint_timer):
            timer.stop()
        self.decisions.close_fixed()
        self.delivery.stop()
        self.candidates.give_way()
        self.attempts.close()
        self.background.close()
        return True

    # The item in hand

    @property
    def row(self) -> ReviewRow | None:
        return self.walk.row

    def _show_item(self) -> None:
        """Show the item in hand: photo and verdict now, the rest a moment later."""
        self._ask(False)
        self._group = None
        row = self.row
        self._headline()
        self.candidates.later()
        if row is None:
            self._show_nothing()
            return
        self.stack.setCurrentIndex(0)
        shot = self.shots.get(row)
        self._since = time.monotonic()
        self.stage.begin()
        self._show(row, shot)
        self.panel.show_item(row, shot.look)
        self._gauge_timer.start()
        self._aside_timer.start()
        self.shown.emit(row.item_id)

    def _show(self, row: ReviewRow, shot: Shot) -> None:
        evidence = self.actions_.action("review.evidence").isChecked()
        self.stage.show(shot, evidence=evidence, hidden=is_hidden(row))

    def _show_nothing(self) -> None:
        words = self.walk.why_empty()
        working = self.attempts.waiting
        if working:
            words += " " + tr("{n} more attempts are being computed.", n=working)
        self.stack.setCurrentIndex(0)
        self.stage.clear(f"{words}\n{tr('Z takes the last decision back.')}")
        self.panel.clear(words)

    def _headline(self) -> None:
        row = self.row
        if row is None:
            self.headline.emit(tr("Review"), "")
        else:
            of = tr("{n} of {m}", n=self.walk.at + 1, m=f"{self.walk.total:,}")
            about = " · ".join(dict.fromkeys((row.kind, row.engine, of.replace(",", " "))))
            self.headline.emit(PurePath(row.name).name, about)
        self._count(self.attempts.waiting)

    def _count(self, _attempts: int) -> None:
        self._foot.setText(self.decisions.words)

    def _clicked(self, at: int) -> None:
        self.walk.go(at)
        self.canvas.setFocus()

    # Decisions

    def accept(self) -> None:
        self._decide("accept")

    def ask_reason(self) -> None:
        """Show the reasons; a second X rejects with the last of them."""
        if self._asking:
            self.reject("other")
        elif self._targets():
            self._ask(True)

    def reject(self, reason: str) -> None:
        self._decide("reject", reason)

    def skip(self) -> None:
        """Skip the item; while the reasons are shown, go back instead."""
        if self._asking:
            self._ask(False)
        else:
            self._decide("skip")

    def escalate(self) -> None:
        """Leave the item to someone else: it waits behind the others, marked."""
        if self._asking:
            self._ask(False)
        self._decide("escalate")

    def _ask(self, on: bool) -> None:
        self._asking = on
        self.reasons.setVisible(on)

    def _members(self) -> GroupPage | None:
        """The page of the group that is being decided, None when it is one item."""
        return self.group_page if self._group is not None else None

    def _targets(self) -> list[str]:
        members, row = self._members(), self.row
        if members is not None:
            return members.chosen
        return [row.item_id] if row is not None else []

    def _decide(self, verdict: Verdict, reason: str = "") -> None:
        targets, members, row = self._targets(), self._members(), self.row
        if not targets or row is None:
            return
        looked = Looked(
            since=self._since, views=self.stage.views,
            seen=targets if members is None else members.seen,
            edit=self.shots.get(row).look.edit,
        )  # fmt: skip
        if self.decisions.decide(targets, verdict, looked, reason=reason):
            self.walk.go_on()

    def undo(self) -> None:
        """Take my last decision back, wherever it was made, and show its item."""
        if self._asking:
            self._ask(False)
            return
        items = self.decisions.undo()
        if items is None:
            return
        if not items:
            self._tell(tr("There is no decision of yours to take back"))
            return
        self.walk.go_to(items[0])
        words = count(len(items), "decision", "decisions")
        self._tell(tr("{n} taken back", n=words))

    def fix(self) -> None:
        """Open the item in the editor; accepting there closes it."""
        row = self.row
        if row is None or self._group is not None:
            return
        look = self.shots.get(row).look
        if not look.path or not Path(look.path).exists():
            self.notice.emit("warn", tr("The photo {name} is not there any more.", name=look.path))
            return
        self.decisions.fixing = fix_of(look)
        self.asked.emit("retouch", self.decisions.fixing)

    def _pressed(self, verdict: str) -> None:
        {"accept": self.accept, "reject": self.ask_reason, "fix": self.fix}[verdict]()
        self.canvas.setFocus()

    def _note(self, words: str) -> None:
        row = self.row
        if row is not None and words != row.note:
            self.decisions.note(row, words)
        self.canvas.setFocus()

    # Groups

    def group(self) -> None:
        """Show the items like this one together, or go back to one."""
        row = self.row
        if self._group is not None:
            self._leave_group()
            return
        if row is None:
            return
        group, rows = self.queue.alike(row)
        if len(rows) < 2:
            self._tell(tr("Nothing like it is waiting"))
            return
        if self.group_page is None:
            self.group_page = GroupPage(self.studio.library.objects, self.background)
            self.group_page.closed.connect(self._leave_group)
            self.group_page.decided.connect(self._pressed)
            self.stack.addWidget(self.group_page)
        self._group = group
        self._since = time.monotonic()
        self.stage.views = {"group"}
        self.group_page.show_group(group, rows)
        self.stack.setCurrentIndex(1)

    def _leave_group(self) -> None:
        self._group = None
        self.stack.setCurrentIndex(0)
        self.canvas.setFocus()

    # Looking

    def _mode_changed(self, mode: str) -> None:
        self.compare.show_mode(mode)
        self.actions_.set_checked("review.difference", mode == Mode.DIFFERENCE.value)

    def _evidence(self) -> None:
        self.stage.evidence(self.actions_.action("review.evidence").isChecked())

    def _point(self, name: str) -> None:
        """Zoom to where a reading is worst."""
        row = self.row
        edit = self.shots.get(row).look.edit if row is not None else None
        reading = edit.verdict.reading(name) if edit is not None else None
        if reading is not None and reading.box is not None:
            self.stage.point(reading.box)

    def _failed(self, sentence: str) -> None:
        self.notice.emit("bad", sentence)

    def _repeated(self, rows: Sequence[ReviewRow]) -> None:
        words = count(len(rows), "item", "items")
        self._tell(tr("You had decided so already: {n} unchanged", n=words))

    def _tell(self, words: str) -> None:
        """Say something small where it covers nothing."""
        self.compare.hint(words)
        self._hint_timer.start()

    # What arrives later

    def _shot_arrived(self, item_id: str) -> None:
        row = self.row
        if row is not None and row.item_id == item_id and self.stack.currentIndex() == 0:
            self._show(row, self.shots.get(row))

    def _show_gauges(self) -> None:
        row = self.row
        if row is not None:
            self.shots.wish(self.walk.ahead(AHEAD))
            self.panel.show_evidence(row, self.shots.get(row).look)

    def _show_aside(self) -> None:
        """What may come a moment later: precedents, the attempt before."""
        row = self.row
        if row is not None and not is_hidden(row):
            self.asides.find(row, self.shots.get(row).look)

    def _aside_found(self, item_id: str, near: object, rows: object) -> None:
        row = self.row
        if row is not None and row.item_id == item_id:
            self.panel.show_precedents(near)  # type: ignore[arg-type]
            self.panel.show_comparison(rows)  # type: ignore[arg-type]

    def _show_precedent(self, item_id: str) -> None:
        row = self.queue.find(item_id)
        if row is not None:
            self.walk.go_to(row, at=self.walk.at + 1)

    def _attempt_arrived(self, row: ReviewRow, old: ReviewRow) -> None:
        """A next attempt is there: it is the next item."""
        self.walk.put_next(row)
        name = PurePath(old.name).name
        self._tell(tr("Another attempt at {name} is the next item", name=name))
        self.shots.wish(self.walk.ahead(AHEAD))
        self._headline()

    def _attempt_ended(self, item_id: str, why: str) -> None:
        row = self.queue.find(item_id)
        if row is not None and why:
            name = PurePath(row.name).name
            # It leaves by itself: the reviewer has gone on, and it must not cover his buttons.
            self.notice.emit("info", tr("No other attempt at {name}: {why}.", name=name, why=why))
        if self.row is None:
            self._show_nothing()

    def _delivered(self, kind: str, words: str) -> None:
        (self.status if kind == "good" else self.notice).emit(kind, words)
