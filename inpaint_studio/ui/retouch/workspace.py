"""The Retouch page: makes its parts and connects them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSettings, QTimer
from PySide6.QtWidgets import QVBoxLayout, QWidget

from inpaint_studio.paths import config_dir
from inpaint_studio.review.fixing import Fix
from inpaint_studio.ui.actions import Actions
from inpaint_studio.ui.retouch.desk import Desk
from inpaint_studio.ui.retouch.easel import Easel
from inpaint_studio.ui.retouch.edithand import EditInHand
from inpaint_studio.ui.retouch.editor import Editor
from inpaint_studio.ui.retouch.made import MadePhotos
from inpaint_studio.ui.retouch.maskops import MaskCommands
from inpaint_studio.ui.retouch.places import Places
from inpaint_studio.ui.retouch.rest import RestPins
from inpaint_studio.ui.retouch.runcontrol import RunControl
from inpaint_studio.ui.retouch.runner import Runner
from inpaint_studio.ui.retouch.showing import Showing
from inpaint_studio.ui.retouch.smart_tools import Pins
from inpaint_studio.ui.retouch.toolbox import Toolbox
from inpaint_studio.ui.retouch.viewcontrol import ViewCommands
from inpaint_studio.ui.retouch.warmup import Warmup
from inpaint_studio.ui.retouch.welcome import sample_paths
from inpaint_studio.ui.startup import AfterPaint
from inpaint_studio.ui.text import tr
from inpaint_studio.ui.workspace import Workspace

if TYPE_CHECKING:
    from inpaint_studio.app import Studio


class RetouchWorkspace(Workspace):
    """Paint, run, look, undo.

    Widgets and where they stand are `Places`; which photo is on the canvas, `Easel`; what is
    seen of it, `Showing`; what runs, `RunControl`; the edit looked at, `EditInHand`.
    """

    def __init__(self, studio: Studio, actions: Actions, parent: QWidget) -> None:
        super().__init__(studio, actions, parent)
        self.places = places = Places(actions, self.background)
        self.canvas = canvas = places.canvas
        self.footer, self.options, self.column = places.footer, places.options, places.column
        self.photos, self.history = places.photos, places.history
        self.inspector, self.strip, self.welcome = places.inspector, places.strip, places.welcome
        self.editor = Editor(canvas, self.background, self)
        self.runner = Runner(studio, self.background, self)
        self.desk = Desk(studio, self.background, self)
        self.pins = Pins()
        canvas.overlays.append(self.pins)
        self.hand = EditInHand(studio, self.editor, self.runner, self.inspector, self)
        self.runs = RunControl(
            studio, self.editor, self.runner, self.inspector, self.strip, self.hand, self
        )
        self.masks = MaskCommands(self.editor, self.runner, self.pins, actions, self)
        self.rests = RestPins(self.editor, self.pins, self)
        self.views = ViewCommands(canvas, self.editor, actions, self)
        self.made = MadePhotos(
            self.editor, self.runner, self.inspector, self.desk, actions, self.background, self
        )
        self.tools = Toolbox(self.editor, self.options, self.pins, self.masks, actions, self)
        self.showing = Showing(
            studio, places, self.editor, self.hand, self.views, actions, self.background, self
        )
        self.easel = Easel(
            places, self.editor, self.desk, self.runs, self.pins, self.showing, actions,
            self.background, self,
        )  # fmt: skip
        self.warmup = Warmup(
            studio, self.background, self.runner, self.desk, self.inspector.run, self
        )
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(places)
        self._connect()
        self._register()
        self._restore()
        self.tools.take("brush")
        self.options.show_radius(self.editor.radius)
        self.showing.enable()
        self.showing.apply_settings()
        self.runs.mask_changed()
        AfterPaint(parent, self.warmup.begin)

    # Connecting

    def _connect(self) -> None:
        canvas, editor, footer = self.canvas, self.editor, self.footer
        canvas.size_dragged.connect(editor.set_radius)
        editor.trouble.connect(partial(self.notice.emit, "bad"))
        editor.stroke_ended.connect(self._stroke_ended)
        editor.history_changed.connect(self.runs.mask_changed)
        footer.zoom_chosen.connect(canvas.zoom_to)
        footer.zoom_in.clicked.connect(partial(canvas.zoom_step, 1))
        footer.zoom_out.clicked.connect(partial(canvas.zoom_step, -1))
        self.history.jumped.connect(editor.jump)
        self.history.hide_asked.connect(self.hand.hide)
        self.history.again_asked.connect(self.hand.again)
        self.history.review_asked.connect(self.hand.to_review)
        self.welcome.open_asked.connect(partial(self.actions_.run, "file.open"))
        self.desk.flagged_asked.connect(self.showing.next_flagged)
        self.hand.decided.connect(self.desk.tell)
        self.easel.headline.connect(self.headline)
        self.runs.choosing.connect(self.showing.look_at)
        self.runs.added.connect(self.showing.edit_added)
        self._connect_inspector()
        self.made.listen()
        for part in (self.desk, self.runs, self.hand, self.masks, self.made, self.easel):
            part.notice.connect(self.notice)
        for source in (self.desk, self.runs, self.made):
            source.status.connect(self.status)

    def _connect_inspector(self) -> None:
        inspector, hand = self.inspector, self.hand
        inspector.run.run_asked.connect(self.runs.run)
        inspector.run.compare_asked.connect(self.runs.run_both)
        inspector.run.options_changed.connect(self.runs.mask_changed)
        inspector.run.on_release_changed.connect(self._on_release)
        inspector.tasks.cancel_asked.connect(self.runner.cancel)
        inspector.replay_asked.connect(hand.replay)
        inspector.accept_asked.connect(hand.accept)
        inspector.reject_asked.connect(hand.reject)
        inspector.retry_asked.connect(hand.retry_menu)
        inspector.review_asked.connect(hand.to_review)

    def _register(self) -> None:
        on = self.actions_.on
        on("edit.undo", self.editor.undo)
        on("edit.redo", self.editor.redo)
        on("edit.hide", self.hand.hide)
        on("edit.again", self.hand.again)
        on("edit.review", self.hand.to_review)
        on("edit.accept", self.hand.accept)
        on("edit.reject", self.hand.reject)
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
        on("view.left", partial(self._toggle, "view.left", self.places.left))
        on("view.right", partial(self._toggle, "view.right", self.inspector))

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

    # Workspace

    def settings_changed(self) -> None:
        """The settings dialog was closed."""
        self.showing.apply_settings()
        self._on_release(bool(self.studio.settings["run_on_release"]))

    @property
    def is_busy(self) -> bool:
        """Whether a photo is being opened, or something runs."""
        return self.desk.is_loading or bool(self.runner.tasks) or self.background.pending > 0

    def enter(self, what: object = None) -> None:
        document = self.editor.document
        self.easel.tell_headline()
        if document is None:
            self.status.emit("idle", tr("Ready · offline"))
            self.welcome.begin.setFocus()
            QTimer.singleShot(0, self._fill_welcome)
        else:
            document.forget_items()
            self.hand.choose(self.hand.chosen)
            self.desk.tell(document)
        if self.runner.ready:
            self.warmup.learn_offers()
        if isinstance(what, list | tuple):
            self.open_files([Path(str(path)) for path in what])
        elif isinstance(what, str | Path):
            self.open_files([Path(what)])
        elif isinstance(what, Fix):
            self.easel.mend(what)

    def _fill_welcome(self) -> None:
        self.background.run(sample_paths, self.welcome.show_samples, None)
        recent = [Path(row.path) for row in self.studio.library.photos.recent(6)]
        self.welcome.show_recent(recent)

    def leave(self) -> None:
        self.canvas.hold_before(False)

    def open_files(self, paths: Sequence[Path]) -> None:
        self.desk.open(paths)

    def _toggle(self, name: str, panel: QWidget) -> None:
        panel.setVisible(not panel.isVisible())
        self.actions_.set_checked(name, panel.isVisible())

    def _store(self) -> QSettings:
        return QSettings(str(config_dir() / "window.ini"), QSettings.Format.IniFormat)

    def _restore(self) -> None:
        store = self._store()
        self.places.restore(store)
        self.editor.radius = float(str(store.value("retouch/radius", 20.0)))
        self.actions_.set_checked("view.left", True)
        self.actions_.set_checked("view.right", True)
        self._on_release(bool(self.studio.settings["run_on_release"]))

    def close_down(self) -> bool:
        store = self._store()
        self.places.keep(store)
        store.setValue("retouch/radius", self.editor.radius)
        self.easel.stop()
        self.warmup.stop()
        self.rests.stop()
        self.desk.stop()
        self.runs.stop()
        self.runner.close()
        self.background.close()
        self.hand.sweep()
        self.desk.keep_all()
        return True
