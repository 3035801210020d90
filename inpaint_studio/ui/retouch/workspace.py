"""The Retouch page: places its parts and connects them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSettings, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from inpaint_studio.paths import config_dir
from inpaint_studio.review.fixing import Fix
from inpaint_studio.ui.actions import Actions
from inpaint_studio.ui.background import Background
from inpaint_studio.ui.canvas import Canvas
from inpaint_studio.ui.canvas.panes import Mode
from inpaint_studio.ui.retouch.desk import Desk, facts_of
from inpaint_studio.ui.retouch.document import Document, shares_of
from inpaint_studio.ui.retouch.edithand import EditInHand
from inpaint_studio.ui.retouch.editor import Editor
from inpaint_studio.ui.retouch.evidence import EvidenceView
from inpaint_studio.ui.retouch.footer import Footer
from inpaint_studio.ui.retouch.historylist import HistoryList
from inpaint_studio.ui.retouch.inspector import Inspector
from inpaint_studio.ui.retouch.made import MadePhotos
from inpaint_studio.ui.retouch.maskops import MaskCommands
from inpaint_studio.ui.retouch.optionbar import OptionBar
from inpaint_studio.ui.retouch.photolist import PhotoList
from inpaint_studio.ui.retouch.runcontrol import RunControl
from inpaint_studio.ui.retouch.runner import Runner
from inpaint_studio.ui.retouch.shelf import shelf
from inpaint_studio.ui.retouch.smart_tools import Pins
from inpaint_studio.ui.retouch.toolbar import ToolColumn
from inpaint_studio.ui.retouch.toolbox import Toolbox
from inpaint_studio.ui.retouch.variations import VariationStrip
from inpaint_studio.ui.retouch.viewcontrol import ViewCommands
from inpaint_studio.ui.retouch.warmup import Warmup
from inpaint_studio.ui.retouch.welcome import Welcome, sample_paths
from inpaint_studio.ui.startup import AfterPaint
from inpaint_studio.ui.text import tr

if TYPE_CHECKING:
    from inpaint_studio.app import Studio


ON_EDIT = ("edit.hide", "edit.again", "edit.review", "edit.replay")


class RetouchWorkspace(QWidget):
    """Paint, run, look, undo."""

    headline = Signal(str, str)
    status = Signal(str, str)
    notice = Signal(str, str)
    asked = Signal(str, object)

    def __init__(self, studio: Studio, actions: Actions, parent: QWidget) -> None:
        super().__init__(parent)
        self.studio = studio
        self.actions_ = actions
        self.background = Background(self)
        self.canvas = Canvas()
        self.editor = Editor(self.canvas, self.background, self)
        self.runner = Runner(studio, self.background, self)
        self.desk = Desk(studio, self.background, self)
        self.pins = Pins()
        self.canvas.overlays.append(self.pins)
        self._make_parts()
        self.strip = VariationStrip()
        self.hand = EditInHand(studio, self.editor, self.runner, self.inspector, self)
        self.runs = RunControl(
            studio, self.editor, self.runner, self.inspector, self.strip, self.hand, self
        )
        self.evidence = EvidenceView(self.canvas, studio.library.objects, self.background, self)
        self.masks = MaskCommands(self.editor, self.runner, self.pins, actions, self)
        self.views = ViewCommands(self.canvas, self.editor, actions, self)
        self.made = MadePhotos(
            self.editor, self.runner, self.inspector, self.desk, actions, self.background, self
        )
        self.tools = Toolbox(self.editor, self.options, self.pins, self.masks, actions, self)
        self.warmup = Warmup(
            studio, self.background, self.runner, self.desk, self.inspector.run, self
        )
        self._keep_soon = QTimer(self)
        self._keep_soon.setSingleShot(True)
        self._keep_soon.setInterval(1500)
        self._keep_soon.timeout.connect(self._keep)
        self._before_of: tuple[object, int] | None = None
        self._fix: Fix | None = None
        self._place()
        self._connect()
        self._register()
        self._restore()
        self.tools.take("brush")
        self.options.show_radius(self.editor.radius)
        self._enable()
        AfterPaint(parent, self.warmup.begin)

    # Parts and places

    def _make_parts(self) -> None:
        self.footer = Footer()
        self.options = OptionBar(self.actions_)
        self.column = ToolColumn(self.actions_)
        self.photos = PhotoList(self.background)
        self.history = HistoryList()
        self.inspector = Inspector()
        self.welcome = Welcome(self.background)

    def _place(self) -> None:
        left, self._photo_section = shelf(self.photos, self.history)
        self._left = left
        middle = QWidget()
        inner = QVBoxLayout(middle)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(0)
        inner.addWidget(self.options)
        inner.addWidget(self.canvas, 1)
        inner.addWidget(self.strip)
        inner.addWidget(self.footer)
        work = QWidget()
        row = QHBoxLayout(work)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(1)
        row.addWidget(self.column)
        row.addWidget(middle, 1)
        self._split = QSplitter()
        self._split.addWidget(left)
        self._split.addWidget(work)
        self._split.addWidget(self.inspector)
        for index in range(3):
            self._split.setStretchFactor(index, 1 if index == 1 else 0)
        self._split.setCollapsible(1, False)
        self._pages = QStackedWidget()
        self._pages.addWidget(self.welcome)
        self._pages.addWidget(self._split)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self._pages)

    def _connect(self) -> None:
        canvas, editor, footer = self.canvas, self.editor, self.footer
        canvas.view_changed.connect(self._view_changed)
        canvas.mode_changed.connect(footer.show_mode)
        canvas.size_dragged.connect(editor.set_radius)
        canvas.hovered.connect(self._hovered)
        editor.trouble.connect(partial(self.notice.emit, "bad"))
        editor.history_changed.connect(self._history_changed)
        editor.pixels_changed.connect(self._pixels_changed)
        editor.stroke_ended.connect(self._stroke_ended)
        footer.mode_chosen.connect(self._mode_chosen)
        footer.zoom_chosen.connect(canvas.zoom_to)
        footer.zoom_in.clicked.connect(partial(canvas.zoom_step, 1))
        footer.zoom_out.clicked.connect(partial(canvas.zoom_step, -1))
        footer.onion.valueChanged.connect(self._onion)
        self._connect_panels()
        for part in (self.desk, self.runs, self.hand, self.masks, self.made):
            part.notice.connect(self.notice)
        for source in (self.desk, self.runs, self.made):
            source.status.connect(self.status)
        self.views.before_wanted.connect(self._refresh_before)
        self.views.evidence_toggled.connect(self.evidence.set_visible)

    def _connect_panels(self) -> None:
        self.photos.chosen.connect(self.desk.show)
        self.history.chosen.connect(self._edit_picked)
        self.history.jumped.connect(self.editor.jump)
        self.history.hide_asked.connect(self.hand.hide)
        self.history.again_asked.connect(self.hand.again)
        self.history.review_asked.connect(self.hand.to_review)
        self.hand.changed.connect(self._edit_chosen)
        inspector = self.inspector
        inspector.run.run_asked.connect(self.runs.run)
        inspector.run.compare_asked.connect(self.runs.run_both)
        inspector.run.options_changed.connect(self.runs.mask_changed)
        inspector.run.on_release_changed.connect(self._on_release)
        inspector.tasks.cancel_asked.connect(self.runner.cancel)
        inspector.gauge_pointed.connect(self._gauge_pointed)
        inspector.stages_asked.connect(self._show_stages)
        inspector.replay_asked.connect(self.hand.replay)
        inspector.accept_asked.connect(self.hand.accept)
        inspector.reject_asked.connect(self.hand.reject)
        inspector.retry_asked.connect(self.hand.again)
        inspector.review_asked.connect(self.hand.to_review)
        self.desk.opened.connect(self._opened)
        self.made.listen()
        self.desk.listed.connect(self.photos.add)
        self.desk.row_changed.connect(self._tell_row)
        self.desk.closed.connect(self._closed)
        self.desk.changed_on_disk.connect(self._changed_on_disk)
        self.desk.saved.connect(self._saved)
        self.desk.flagged_asked.connect(self._next_flagged)
        self.hand.decided.connect(self.desk.tell)
        self.welcome.photos_asked.connect(self.open_files)
        self.welcome.open_asked.connect(partial(self.actions_.run, "file.open"))

    def _register(self) -> None:
        on = self.actions_.on
        on("edit.undo", self.editor.undo)
        on("edit.redo", self.editor.redo)
        on("edit.hide", self.hand.hide)
        on("edit.again", self.hand.again)
        on("edit.review", self.hand.to_review)
        on("edit.accept", self.hand.accept)
        on("edit.reject", self.hand.reject)
        on("edit.flagged", self._next_flagged)
        on("edit.replay", self.hand.replay)
        on("run.start", self.runs.run)
        on("run.first", self.runs.run_first)
        on("run.compare", self.runs.run_both)
        on("run.plan", self.runs.plan)
        on("run.cancel", self._escape)
        on("run.cancel_all", self.runner.cancel_all)
        on("run.on_release", self._toggle_on_release)
        on("run.accept_variation", self._confirm)
        on("run.next_variation", partial(self.strip.walk, 1))
        on("run.previous_variation", partial(self.strip.walk, -1))
        on("file.save", self.desk.save_as)
        on("file.save_again", self.desk.save_again)
        on("file.reload", self.desk.reload)
        on("file.copy", self.desk.copy)
        on("file.paste", self.desk.paste)
        on("file.close", self._close_photo)
        on("file.next", partial(self._step, 1))
        on("file.previous", partial(self._step, -1))
        on("file.samples", self._open_samples)
        on("view.left", self._toggle_left)
        on("view.right", self._toggle_right)

    # Asking

    def _stroke_ended(self) -> None:
        if self.studio.settings["run_on_release"]:
            self.runs.run()

    def _toggle_on_release(self) -> None:
        self._on_release(not self.studio.settings["run_on_release"])

    def _on_release(self, on: bool) -> None:
        self.studio.settings.set("run_on_release", on)
        self.actions_.set_checked("run.on_release", on)
        self.inspector.run.on_release.setChecked(on)

    def _escape(self) -> None:
        """Drop what is being drawn, else the choice, else stop what runs; back to the photo."""
        canvas = self.canvas
        if canvas.keys.cancel() or canvas.tool.cancel() or self.runs.drop_variations():
            return
        if self.runner.cancel_newest() or canvas.keys.stop():
            return
        canvas.setFocus()
        self.hand.choose(-1)

    def _confirm(self) -> None:
        if self.strip.is_choosing:
            self.runs.take_variation()
        else:
            self.canvas.tool.confirm()

    # What is shown

    def _mode_chosen(self, key: str) -> None:
        self.views.set_mode(Mode(key))

    def _view_changed(self) -> None:
        self.footer.show_zoom(self.canvas.view.zoom)

    def _hovered(self, x: int, y: int) -> None:
        self.footer.show_place(f"{x}, {y}")

    def _onion(self, value: int) -> None:
        self.canvas.scene.onion = value / 100
        self.canvas.refresh()

    def _refresh_before(self) -> None:
        """Bring the original up to date, when edits have been made since."""
        document = self.editor.document
        if document is None or self.strip.is_choosing:
            return
        state = (document, hash(document.session.state))
        if self._before_of != state:
            self._before_of = state
            self.editor.in_order(document.before, partial(self._before_made, document))

    def _before_made(self, document: Document, before: object) -> None:
        if document is self.editor.document and not self.strip.is_choosing:
            self.canvas.set_before(before)  # type: ignore[arg-type]

    def _pixels_changed(self) -> None:
        document = self.editor.document
        if document is None:
            return
        self._before_of = None
        if self.canvas.mode is not Mode.AFTER:
            self._refresh_before()
        self.background.run(
            partial(shares_of, document.pyramid), self.inspector.histogram.show_shares, None
        )
        self.desk.tell(document)

    def _history_changed(self) -> None:
        document = self.editor.document
        if document is not None and self.hand.chosen >= document.history.cursor:
            self.hand.choose(document.history.cursor - 1)
        self.history.show_document(document, self.hand.chosen)
        self._keep_soon.start()
        self._enable()

    def _enable(self) -> None:
        document = self.editor.document
        line = document.timeline if document else None
        enable = self.actions_.set_enabled
        enable("edit.undo", bool(line and line.can_undo))
        enable("edit.redo", bool(line and line.can_redo))
        for name in ("file.save", "file.save_again", "file.copy", "file.close", "file.reload"):
            enable(name, document is not None)
        chosen = self.hand.chosen >= 0
        for name in ON_EDIT:
            enable(name, chosen)
        self.runs.mask_changed()

    def _edit_picked(self, position: int) -> None:
        self.hand.choose(position)
        document = self.editor.document
        if document is not None and 0 <= position < len(document.history.entries):
            self.views.see(document.history.entries[position].box)

    def _next_flagged(self) -> None:
        position = self.hand.next_flagged()
        if position >= 0:
            self._edit_picked(position)

    def _edit_chosen(self, position: int) -> None:
        document = self.editor.document
        edit = document.edit_of(position) if document is not None else None
        self.evidence.show_edit(edit)
        self.history.show_document(document, position)
        for name in ON_EDIT:
            self.actions_.set_enabled(name, position >= 0)
        for name in ("edit.accept", "edit.reject"):
            self.actions_.set_enabled(name, self.hand.waits)

    def _gauge_pointed(self, name: str) -> None:
        document = self.editor.document
        edit = document.edit_of(self.hand.chosen) if document is not None else None
        if edit is None:
            return
        self.evidence.show_edit(edit, name)
        reading = edit.verdict.reading(name)
        if reading is not None and reading.box is not None:
            self.canvas.frame(reading.box.pad(24))

    def _show_stages(self) -> None:
        from inpaint_studio.ui.dialogs.stages import StageDialog

        document = self.editor.document
        edit = document.edit_of(self.hand.chosen) if document is not None else None
        if edit is not None:
            StageDialog(edit, self.studio.library.objects, self).exec()

    # Photos

    def _opened(self, document: Document) -> None:
        old = self.editor.document
        if old is not None:
            old.view = self.canvas.view if not self.canvas.is_fitted else None
            self.desk.keep_soon(old)
        self.runs.drop_variations()
        self.pins.items = []
        self.editor.document = document
        self._before_of = None
        self.canvas.set_pictures(document.pyramid)
        self.canvas.scene.source = document.source_plane
        self.canvas.set_mask(document.plane)
        if document.view is not None:
            self.canvas.set_view(document.view)
        self._show_work()
        self.photos.mark(document.path)
        self.inspector.histogram.show_shares(document.shares)
        self._refresh_before()
        self.headline.emit(document.name, document.facts)
        self.hand.choose(document.history.cursor - 1)
        self._history_changed()
        self.canvas.setFocus()
        self.desk.prefetch(self.photos.neighbour(document.path, 1))
        self._begin_fix(document)

    def _begin_fix(self, document: Document) -> None:
        """A review item is mended here: its mask is the mask, its edit is in sight."""
        fix, self._fix = self._fix, None
        if fix is None or fix.path != document.path:
            return
        width, height = document.pyramid.size
        mask = fix.mask((height, width))
        if mask is not None:
            self.editor.replace_mask(tr("Mask from review"), mask)
            self.canvas.frame(fix.box)

    def _show_work(self) -> None:
        """Turn from the first page to the work; the panels get their widths then."""
        if self._pages.currentWidget() is self._split:
            return
        self._pages.setCurrentWidget(self._split)
        left, right = self._widths
        self._split.setSizes([left, max(400, self.width() - left - right), right])

    def _tell_row(self, document: Document) -> None:
        facts, status, kind = facts_of(document)
        self.photos.say(document.path, facts=facts, status=status, kind=kind)
        self._photo_section.set_note(str(len(self.photos.paths)))

    def _closed(self, path: Path) -> None:
        neighbour = self.photos.neighbour(path, 1) or self.photos.neighbour(path, -1)
        self.photos.remove(path)
        if self.desk.current is not None:
            return
        if neighbour is not None and neighbour != path:
            self.desk.show(neighbour)
            return
        self.editor.document = None
        self.canvas.set_pictures(None)
        self.canvas.set_mask(None)
        self.headline.emit("", "")
        self.hand.choose(-1)
        self._history_changed()
        self._pages.setCurrentWidget(self.welcome)

    def _close_photo(self) -> None:
        if self.desk.current is not None:
            self.desk.close(self.desk.current.path)

    def _step(self, step: int) -> None:
        path = self.photos.neighbour(self.desk.wanted, step)
        if path is not None:
            self.desk.show(path)

    def _changed_on_disk(self, document: Document) -> None:
        words = tr("{name} was changed by another program.", name=document.name)
        keys = tr("Your edits are kept. “Read again from disk” (Ctrl+K) shows the new file.")
        self.notice.emit("warn", f"{words} {keys}")

    def _saved(self, document: Document) -> None:
        if document is self.editor.document:
            self.canvas.refresh()
            self._history_changed()

    def _open_samples(self) -> None:
        self.background.run(sample_paths, self.open_files, None)

    def _keep(self) -> None:
        if self.editor.document is not None:
            self.desk.keep_soon(self.editor.document)

    # Workspace

    @property
    def is_busy(self) -> bool:
        """Whether a photo is being opened, or something runs."""
        return self.desk.is_loading or bool(self.runner.tasks) or self.background.pending > 0

    def enter(self, what: object = None) -> None:
        document = self.editor.document
        if document is not None:
            document.forget_items()
            self.hand.choose(self.hand.chosen)
            self.desk.tell(document)
        self.headline.emit(document.name if document else "", document.facts if document else "")
        if document is None:
            self.status.emit("idle", tr("Ready · offline"))
            self.welcome.begin.setFocus()
            QTimer.singleShot(0, self._fill_welcome)
        if self.runner.ready:
            self.warmup.learn_offers()
        if isinstance(what, list | tuple):
            self.open_files([Path(str(path)) for path in what])
        elif isinstance(what, str | Path):
            self.open_files([Path(what)])
        elif isinstance(what, Fix):
            self._fix = what
            self.open_files([what.path])

    def _fill_welcome(self) -> None:
        self.background.run(sample_paths, self.welcome.show_samples, None)
        recent = [Path(row.path) for row in self.studio.library.photos.recent(6)]
        self.welcome.show_recent(recent)

    def leave(self) -> None:
        self.canvas.hold_before(False)

    def open_files(self, paths: Sequence[Path]) -> None:
        self.desk.open(paths)

    def _toggle_left(self) -> None:
        self._left.setVisible(not self._left.isVisible())
        self.actions_.set_checked("view.left", self._left.isVisible())

    def _toggle_right(self) -> None:
        self.inspector.setVisible(not self.inspector.isVisible())
        self.actions_.set_checked("view.right", self.inspector.isVisible())

    def _store(self) -> QSettings:
        return QSettings(str(config_dir() / "window.ini"), QSettings.Format.IniFormat)

    def _restore(self) -> None:
        store = self._store()
        sizes = store.value("retouch/panels")
        self._widths = (252, 312)
        if isinstance(sizes, list) and len(sizes) == 2:
            self._widths = (int(sizes[0]), int(sizes[1]))
        self.editor.radius = float(str(store.value("retouch/radius", 20.0)))
        self.actions_.set_checked("view.left", True)
        self.actions_.set_checked("view.right", True)
        self._on_release(bool(self.studio.settings["run_on_release"]))

    def close_down(self) -> bool:
        store = self._store()
        sizes = self._split.sizes()
        if self._pages.currentWidget() is self._split:
            store.setValue("retouch/panels", [sizes[0], sizes[2]])
        store.setValue("retouch/radius", self.editor.radius)
        self._keep_soon.stop()
        self.warmup.stop()
        self.desk.stop()
        self.runs.stop()
        self.runner.close()
        self.background.close()
        self.hand.sweep()
        self.desk.keep_all()
        return True
