"""The main window: places the workspaces and connects them. It does nothing else itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QSettings, Qt, QTimer
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QResizeEvent
from PySide6.QtWidgets import (
    QFileDialog,
    QMainWindow,
    QMenu,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from inpaint_studio.paths import config_dir
from inpaint_studio.ui import icons, theme
from inpaint_studio.ui.actions import Actions
from inpaint_studio.ui.commands import COMMANDS, EVERYWHERE, MENUS
from inpaint_studio.ui.startup import AfterPaint, Idle, Waiting
from inpaint_studio.ui.text import tr
from inpaint_studio.ui.topbar import TopBar
from inpaint_studio.ui.widgets import Notice, name_lists
from inpaint_studio.ui.workspace import PAGES, Page, Workspace

if TYPE_CHECKING:
    from inpaint_studio.app import Studio

RECENT = 12
NOTICE_GAP_PX = 10
OPEN_FILTER = "*.jpg *.jpeg *.png *.tif *.tiff *.webp *.bmp *.heic *.heif *.avif *.psd *.dng"


class Shell(QMainWindow):
    """One window, one row of tabs, one page at a time, one line for what went wrong."""

    def __init__(self, studio: Studio, *, pages: Sequence[Page] = PAGES) -> None:
        super().__init__()
        self.studio = studio
        self.setWindowTitle("Inpaint Studio")
        self.setAcceptDrops(True)
        self.setMinimumSize(900, 600)
        self.resize(1440, 880)
        self.actions_ = Actions(self)
        self._pages = {page.key: page for page in pages if page.exists}
        self._built: dict[str, Workspace] = {}
        self._current = ""
        self.topbar = TopBar([(p.key, tr(p.title)) for p in self._pages.values()], self.actions_)
        self.topbar.chosen.connect(self.show_page)
        self.notice = Notice()
        self._stack = QStackedWidget()
        self._notice_timer = QTimer(self)
        self._notice_timer.setSingleShot(True)
        self._notice_timer.timeout.connect(self.notice.clear)
        middle = QWidget()
        column = QVBoxLayout(middle)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.topbar)
        self._room = QWidget()
        column.addWidget(self._room)
        column.addWidget(self._stack, 1)
        self.setCentralWidget(middle)
        # It floats: a bar that pushed the photo down would move it under the brush. Pages without
        # a canvas make room for it, so that no title lies under it.
        self.notice.setParent(middle)
        self.notice.closed.connect(self._make_room)
        self.notice.hide()
        self.topbar.menu_button.setMenu(self._menu())
        self.waiting = Waiting(studio.queue, self)
        self.waiting.changed.connect(partial(self.topbar.set_badge, "review"))
        AfterPaint(self, self.waiting.begin)
        self.idle = Idle(self._ahead(), self._is_busy, self)
        AfterPaint(self, self.idle.begin)
        self._register()
        self._restore()
        if self.actions_.keymap.problem:
            self.say("warn", self.actions_.keymap.problem)

    # Pages

    @property
    def page(self) -> str:
        """The key of the page shown."""
        return self._current

    def workspace(self, key: str) -> Workspace:
        """Return a page's workspace, built now when it is not there yet."""
        if key not in self._built:
            workspace = self._pages[key].build(self.studio, self.actions_, self)
            name_lists(workspace)
            self._built[key] = workspace
            self._stack.addWidget(workspace)
            workspace.headline.connect(self._headline)
            workspace.status.connect(self._status)
            workspace.notice.connect(self.say)
            workspace.asked.connect(self._asked)
        return self._built[key]

    def _ahead(self) -> Iterator[Callable[[], object]]:
        """Steps that make the pages not yet seen, so that their first visit waits for nothing."""
        for key, page in self._pages.items():
            if page.ahead is None:
                continue
            for module in (*page.ahead, page.module):
                yield partial(import_module, module)
            yield partial(self.workspace, key)
            yield partial(self._rehearse, key)

    def _rehearse(self, key: str) -> None:
        """Lay out and style a page unseen: the style sheet costs more than the first painting."""
        page = self._built[key]
        if not page.isVisible():
            page.resize(self._stack.size())
            for part in page.findChildren(QWidget):
                part.ensurePolished()

    def _is_busy(self) -> bool:
        """Whether the page shown has work under way that the person waits for."""
        return bool(getattr(self._built.get(self._current), "is_busy", False))

    def show_page(self, key: str, what: object = None) -> None:
        """Turn to a page."""
        if key not in self._pages:
            return
        if self._current and self._current != key:
            self.workspace(self._current).leave()
        workspace = self.workspace(key)
        self._current = key
        self._stack.setCurrentWidget(self._built[key])
        self.topbar.mark(key)
        self.actions_.set_workspace(key)
        workspace.enter(what)
        self._make_room()

    def _asked(self, key: str, what: object) -> None:
        self.show_page(key, what)

    def _headline(self, strong: str, dim: str) -> None:
        if self.sender() is self._built.get(self._current):
            self.topbar.set_headline(strong, dim)
            self.setWindowTitle(f"{strong} – Inpaint Studio" if strong else "Inpaint Studio")

    def _status(self, kind: str, words: str) -> None:
        self.topbar.set_status(kind, words)
        self.waiting.look_soon()

    def say(self, kind: str, words: str) -> None:
        """Show a sentence in place. Good news leaves by itself; the rest stays until closed."""
        self.notice.say(kind, words)
        self._place_notice()
        if kind in ("good", "info"):
            self._notice_timer.start(7000)
        else:
            self._notice_timer.stop()

    def _place_notice(self) -> None:
        width = min(760, self.width() - 120)
        self.notice.setFixedWidth(width)
        layout = self.notice.layout()
        if layout is not None:
            self.notice.setFixedHeight(max(40, layout.totalHeightForWidth(width)))
        self.notice.move((self.width() - width) // 2, self.topbar.height() + NOTICE_GAP_PX)
        self.notice.raise_()
        self._make_room()

    def _make_room(self) -> None:
        """Let a page that has no canvas begin below the notice."""
        lies_over = self._current in self._pages and self._pages[self._current].has_canvas
        needs = not (lies_over or self.notice.isHidden())
        self._room.setFixedHeight(self.notice.height() + 2 * NOTICE_GAP_PX if needs else 0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place_notice()

    # Commands of the whole window

    def _register(self) -> None:
        on = self.actions_.on
        on("file.open", self.choose_files)
        on("app.quit", self.close)
        on("app.palette", self._palette)
        on("app.sheet", self._sheet)
        on("app.keys", self._keys)
        on("app.settings", self._settings)
        on("app.theme", self._turn_theme)
        on("app.fullscreen", self._fullscreen)
        for key, turn in (
            ("retouch", self._to_retouch), ("review", self._to_review), ("batch", self._to_batch),
            ("insights", self._to_insights), ("models", self._to_models),
        ):  # fmt: skip
            if key in self._pages:
                on(f"app.{key}", turn)

    def _to_retouch(self) -> None:
        self.show_page("retouch")

    def _to_review(self) -> None:
        self.show_page("review")

    def _to_batch(self) -> None:
        self.show_page("batch")

    def _to_insights(self) -> None:
        self.show_page("insights")

    def _to_models(self) -> None:
        self.show_page("models")

    def _menu(self) -> QMenu:
        whole = QMenu(self)
        whole.setAccessibleName(tr("Menu"))
        for name in MENUS:
            items = [item for item in COMMANDS if item.menu == name]
            if not items:
                continue
            part = whole.addMenu(tr(name))
            if name == "File":
                self._add_recent(part)
            part.menuAction().setData(frozenset(item.where for item in items))
            for item in items:
                part.addAction(self.actions_.action(item.id))
        whole.aboutToShow.connect(partial(self._show_menus, whole))
        return whole

    def _add_recent(self, files: QMenu) -> None:
        """A menu of the photos worked on last, filled when it opens."""
        recent = files.addMenu(tr("Open recent"))
        recent.setAccessibleName(tr("Open recent"))
        recent.aboutToShow.connect(partial(self._fill_recent, recent))

    def _fill_recent(self, menu: QMenu) -> None:
        menu.clear()
        paths = [Path(row.path) for row in self.studio.library.photos.recent(RECENT)]
        for path in paths:
            entry = menu.addAction(path.name, partial(self.open_files, [path]))
            entry.setToolTip(str(path))
            entry.setEnabled(path.exists())
        if not paths:
            menu.addAction(tr("Nothing has been opened yet")).setEnabled(False)

    def _show_menus(self, whole: QMenu) -> None:
        """Leave out what belongs to other pages."""
        for entry in whole.actions():
            entry.setVisible(bool(entry.data() & {EVERYWHERE, self._current}))

    def choose_files(self) -> None:
        """Ask for photos and open them in the page shown."""
        names, _ = QFileDialog.getOpenFileNames(
            self, tr("Open photos"), self._last_folder(), f"{tr('Photos')} ({OPEN_FILTER});;"
            f"{tr('All files')} (*)"
        )  # fmt: skip
        if names:
            self.open_files([Path(name) for name in names])

    def open_files(self, paths: Sequence[Path]) -> None:
        """Open photos in the page shown (in Retouch when that page takes none)."""
        if not paths:
            return
        self._store().setValue("folder", str(paths[0].parent))
        key = self._current if self._current in ("retouch", "batch") else "retouch"
        self.show_page(key)
        self.workspace(key).open_files(paths)

    def _last_folder(self) -> str:
        return str(self._store().value("folder", str(Path.home())))

    def _palette(self) -> None:
        from inpaint_studio.ui.dialogs.palette import CommandPalette

        CommandPalette(self.actions_, self).exec()

    def _sheet(self) -> None:
        from inpaint_studio.ui.dialogs.keys import KeySheet

        KeySheet(self.actions_, self).exec()

    def _keys(self) -> None:
        from inpaint_studio.ui.dialogs.keys import KeyEditor

        KeyEditor(self.actions_, self).exec()

    def _settings(self) -> None:
        from inpaint_studio.ui.dialogs.settings import SettingsDialog

        dialog = SettingsDialog(self.studio.settings, self)
        dialog.exec()
        for made in self._built.values():
            hears = getattr(made, "settings_changed", None)
            if hears is not None:
                hears()
        self._dress(str(self.studio.settings["theme"]))

    def _turn_theme(self) -> None:
        name = "light" if theme.active().name == "dark" else "dark"
        self.studio.settings.set("theme", name)
        self._dress(name)

    def _dress(self, name: str) -> None:
        if name != theme.active().name:
            theme.active().apply(name)
            self.actions_.dress()
            self.topbar.dress()
            icons.redress()

    def _fullscreen(self) -> None:
        self.showNormal() if self.isFullScreen() else self.showFullScreen()

    # Dropped files, state kept, closing

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        self.open_files(paths)
        event.acceptProposedAction()

    def _store(self) -> QSettings:
        return QSettings(str(config_dir() / "window.ini"), QSettings.Format.IniFormat)

    def _restore(self) -> None:
        store = self._store()
        geometry = store.value("geometry")
        if isinstance(geometry, QByteArray) and not geometry.isEmpty():
            self.restoreGeometry(geometry)

    def closeEvent(self, event: QCloseEvent) -> None:
        for workspace in self._built.values():
            if not workspace.close_down():
                event.ignore()
                return
        self.waiting.close()
        self.idle.stop()
        store = self._store()
        store.setValue("geometry", self.saveGeometry())
        store.setValue("page", self._current)
        store.sync()
        event.accept()

    def start(self, photos: Sequence[Path]) -> None:
        """Show the first page, and the photos named on the command line."""
        self.show_page("retouch" if "retouch" in self._pages else next(iter(self._pages)))
        if photos:
            self.open_files(photos)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
