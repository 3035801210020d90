"""Two people's way from opening a photo to a saved one: one has only keys, one only a mouse.

    xvfb-run -s "-screen 0 1600x1000x24" python -m tests.ui.stories [keys|mouse] [--shots DIR]
        [--light]

tells them with real X events and the real worker (`QT_SCALE_FACTOR=2` for a dense screen); the
suite tells them offscreen with a worker that answers at once (`test_stories`).
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from PySide6.QtCore import QEventLoop, QPoint
from PySide6.QtWidgets import QApplication, QDialog, QFileDialog, QMenu, QToolButton, QWidget

from inpaint_studio.ui import theme
from inpaint_studio.ui.canvas.panes import Mode
from inpaint_studio.ui.dialogs.export import ExportDialog
from inpaint_studio.ui.dialogs.keys import KeySheet
from inpaint_studio.ui.dialogs.palette import CommandPalette
from inpaint_studio.ui.dialogs.settings import SettingsDialog
from inpaint_studio.ui.retouch.workspace import RetouchWorkspace
from inpaint_studio.ui.shell import Shell
from tests.ui.person import (
    Drag,
    Person,
    Shot,
    Story,
    Type,
    Until,
    XPerson,
    click,
    pick,
    press,
)


class Scene:
    """The window as the stories look at it."""

    def __init__(self, shell: Shell, photo: Path, out: Path) -> None:
        self.shell, self.photo, self.out = shell, photo, out
        workspace = shell.workspace("retouch")
        assert isinstance(workspace, RetouchWorkspace)
        self.work = workspace
        self.canvas = workspace.canvas

    @property
    def document(self) -> Any:
        return self.work.editor.document

    def is_open(self) -> bool:
        document = self.document
        return document is not None and document.path == self.photo and self.is_calm()

    def is_calm(self) -> bool:
        return self.work.background.pending == 0 and not self.work.runner.tasks

    def edits(self, number: int) -> Callable[[], bool]:
        return lambda: self.document.history.cursor == number and self.is_calm()

    def is_masked(self) -> bool:
        return not self.document.mask.is_empty and self.is_calm()

    def dialog(self, kind: type[QDialog]) -> Callable[[], bool]:
        return lambda: isinstance(self.modal(), kind)

    def modal(self) -> QWidget | None:
        return QApplication.activePopupWidget() or QApplication.activeModalWidget()

    def button(self, command_id: str) -> QToolButton:
        """The button in sight that runs a command."""
        action = self.shell.actions_.action(command_id)
        return next(
            made for made in self.shell.findChildren(QToolButton)
            if made.defaultAction() is action and made.isVisible()
        )  # fmt: skip

    def at(self, x: float, y: float) -> Callable[[], tuple[QWidget, QPoint]]:
        """A photo point, by its share of width and height."""

        def place() -> tuple[QWidget, QPoint]:
            height, width = self.document.shape
            return self.canvas, self.canvas.to_widget(x * width, y * height)

        return place

    def stroke(self, *points: tuple[float, float]) -> Drag:
        steps = []
        for (x0, y0), (x1, y1) in pairwise(points):
            steps += [(x0 + (x1 - x0) * n / 6, y0 + (y1 - y0) * n / 6) for n in range(6)]
        return Drag(tuple(self.at(x, y) for x, y in [*steps, points[-1]]))

    def can_save(self) -> bool:
        """Whether the save window has said what the file keeps, for what is asked of it now."""
        dialog = self.modal()
        return isinstance(dialog, ExportDialog) and dialog.save_button.isEnabled()

    def saved_as_shown(self) -> bool:
        """Whether the file that was written holds what the photo shows."""
        if not self.out.exists() or not self.document.saved or not self.is_calm():
            return False
        written = np.asarray(Image.open(self.out).convert("RGB"))
        return np.array_equal(written, self.document.history.pixels)


def by_keys(scene: Scene) -> Story:
    """From opening to export without a mouse."""
    work, canvas, actions = scene.work, scene.canvas, scene.shell.actions_
    inspector = work.inspector
    yield Until(scene.is_calm, "the window is ready")
    yield Shot("keys-01-welcome")
    yield press("Ctrl+O")
    yield Until(scene.dialog(QFileDialog), "the open dialog is there")
    yield Type(str(scene.photo))
    yield Shot("keys-02-open")
    yield press("Return")
    yield Until(scene.is_open, "the photo is open")
    yield Shot("keys-03-opened")

    # A rectangle, drawn with the arrow keys.
    yield press("M", "K")
    yield Until(lambda: canvas.keys.on and canvas.tool.name == "rectangle", "keys move a pointer")
    yield press("Shift+Right", "Shift+Down", "Space", *["Right"] * 6, *["Down"] * 4)
    yield Shot("keys-04-rectangle")
    yield press("Space")
    yield Until(scene.is_masked, "the rectangle is masked")
    yield press("Ctrl+]")
    yield Until(scene.is_calm, "the mask is grown")
    yield Shot("keys-05-mask")
    yield press("Ctrl+P")
    yield Until(scene.is_calm, "the plan is shown")
    yield Shot("keys-06-plan")
    yield press("Ctrl+Return")
    yield Until(scene.edits(1), "the first edit is there")
    yield Shot("keys-07-edit")

    # Compare, look at the evidence, undo and redo.
    for number in range(7):
        yield press("Y")
        yield Until(scene.is_calm, "the comparison is drawn")
        yield Shot(f"keys-08-compare-{number}-{canvas.mode.value}")
    yield Until(lambda: canvas.mode is Mode.AFTER, "the cycle is round")
    yield press("\\")
    yield Shot("keys-09-before")
    yield press("\\", "Ctrl+Z")
    yield Until(scene.edits(0), "the edit is undone")
    yield press("Ctrl+Shift+Z")
    yield Until(scene.edits(1), "the edit is back")
    yield Until(lambda: work.hand.chosen == 0, "its verdict is shown")

    # A brush stroke by keys, the eraser over its end, then two variations, chosen by key.
    yield press("B", "]", "]", "Shift+Left", "Shift+Left", "Shift+Left", "Space")
    yield press(*["Up"] * 8, "Space")
    yield Until(scene.is_masked, "a stroke is painted")
    yield press("E", "Space", "Down", "Down", "Space")
    yield Shot("keys-10-brush")
    yield press("K")
    yield Until(lambda: not canvas.keys.on, "the pointer is put away")
    for _ in range(120):
        if inspector.run.variations.hasFocus():
            break
        yield press("Tab")
    yield Until(inspector.run.variations.hasFocus, "Tab has come to the variations")
    yield press("Up")
    yield Until(lambda: inspector.run.variations.value() == 2, "two are asked for")
    yield press("Esc")
    yield Until(canvas.hasFocus, "Esc has gone back to the photo")
    yield press("Ctrl+Return")
    yield Until(lambda: work.strip.is_choosing, "two variations are side by side")
    yield Shot("keys-11-variations")
    yield press(".", ",", "Return")
    yield Until(scene.edits(2), "the one chosen is an edit")
    for wish in ("H", "H"):
        yield press(wish)
        yield Until(scene.is_calm, "the edit is hidden or shown")

    # The wand and a click by keys; the mask is cleared again.
    yield press("W", "K", "Space")
    yield Until(scene.is_masked, "the wand took something")
    yield Shot("keys-12-wand")
    yield press("Ctrl+D", "K")
    yield Until(lambda: not scene.is_masked(), "the mask is empty")

    # Proposals as pins.
    yield press("Shift+T")
    yield Until(scene.is_calm, "text was looked for", 120)
    if work.pins.items:
        yield press("N")
        yield Shot("keys-13-pin")
        yield press("Space", "K")
        yield Until(scene.is_masked, "a proposal is kept")
        yield press("Ctrl+D")
    else:
        yield press("Esc")

    # What is flagged is decided, and the palette turns the light on and off.
    while scene.document.undecided():
        left = len(scene.document.undecided())
        yield press("F")
        yield Until(lambda: work.hand.waits, "a flagged edit is in hand")
        yield Shot("keys-14-flagged")
        yield press("A")
        yield Until(lambda n=left: len(scene.document.undecided()) < n, "it is approved")
    before = theme.active().name
    for turn in range(2):
        yield press("Ctrl+K")
        yield Until(scene.dialog(CommandPalette), "the palette is there")
        yield Type("light or")
        yield Shot(f"keys-15-palette-{theme.active().name}")
        yield press("Return")
        yield Until(
            lambda t=turn: (theme.active().name == before) == bool(t), "the theme is turned over"
        )
        yield Until(lambda: scene.modal() is None, "the palette is gone")
    for name, keys, kind in (("sheet", "F1", KeySheet), ("settings", "Ctrl+,", SettingsDialog)):
        yield press(keys)
        yield Until(scene.dialog(kind), f"the {name} is there")
        yield Shot(f"keys-16-{name}")
        yield press("Esc")
        yield Until(lambda: scene.modal() is None, f"the {name} is gone")
    for key in ("Alt+2", "Alt+3", "Alt+5", "Alt+1"):
        yield press(key)
        yield Shot(f"keys-17-{key[-1]}")
    yield Until(lambda: scene.shell.page == "retouch", "Retouch is back")

    # Export.
    yield press("Ctrl+S")
    yield Until(scene.dialog(ExportDialog), "the save window is there")
    yield press("Ctrl+A")
    yield Type(str(scene.out))
    yield Until(lambda: scene.can_save(), "it is said what the file keeps")
    yield Shot("keys-18-save")
    yield press("Return")
    yield Until(scene.saved_as_shown, "the file holds what was shown", 90)
    yield Shot("keys-19-saved")
    assert actions.is_enabled("edit.undo")


def by_mouse(scene: Scene) -> Story:
    """From opening to export without a key."""
    work, canvas, shell = scene.work, scene.canvas, scene.shell
    inspector, footer, bar = work.inspector, work.footer, shell.topbar

    def tool(name: str) -> Drag:
        return click(lambda: scene.button(f"tool.{name}"))

    def menu(words: str) -> Story:
        yield click(lambda: bar.menu_button)
        yield Until(lambda: isinstance(scene.modal(), QMenu), "the menu is there")
        for part in words.split(" › "):
            yield Until(lambda p=part: _offers(p), f"{part} is offered")
            yield pick(_open_menu, part)

    yield Until(scene.is_calm, "the window is ready")
    yield Until(lambda: scene.photo in work.welcome.cards, "the photo is offered")
    yield click(lambda: work.welcome.cards[scene.photo])
    yield Until(scene.is_open, "the photo is open")
    yield Shot("mouse-01-opened")

    yield scene.stroke((0.3, 0.3), (0.36, 0.36), (0.4, 0.3))
    yield Until(scene.is_masked, "a stroke is painted")
    yield Shot("mouse-02-stroke")
    yield click(lambda: inspector.run.go)
    yield Until(scene.edits(1), "the first edit is there")
    yield Shot("mouse-03-edit")

    for mode in (Mode.SPLIT, Mode.SIDE, Mode.SWIPE, Mode.DIFFERENCE, Mode.ONION, Mode.MASK):
        yield click(lambda m=mode: footer.modes.part(m.value))
        yield Until(lambda m=mode: canvas.mode is m and scene.is_calm(), f"{mode.value} is shown")
        if mode is Mode.SPLIT:
            middle = canvas.height() // 2
            yield Drag((
                lambda y=middle: (canvas, QPoint(canvas.width() // 2, y)),
                lambda y=middle: (canvas, QPoint(canvas.width() // 3, y)),
            ))  # fmt: skip
        yield Shot(f"mouse-04-{mode.value}")
    yield click(lambda: footer.modes.part(Mode.AFTER.value))
    yield click(lambda: scene.button("edit.undo"))
    yield Until(scene.edits(0), "the edit is undone")
    yield click(lambda: scene.button("edit.redo"))
    yield Until(scene.edits(1), "the edit is back")

    # A flagged edit has been brought into sight; the shapes lie all over the photo.
    yield from menu("View › Fit in window")
    yield Until(lambda: canvas.is_fitted, "the whole photo is in sight")
    for name, drag in (
        ("rectangle", ((0.6, 0.6), (0.7, 0.7))), ("ellipse", ((0.7, 0.3), (0.8, 0.42))),
        ("lasso", ((0.2, 0.6), (0.3, 0.6), (0.3, 0.7), (0.2, 0.7), (0.2, 0.62))),
    ):  # fmt: skip
        yield tool(name)
        before = int(scene.document.mask.mask.sum())
        yield scene.stroke(*drag)
        yield Until(
            lambda n=before: int(scene.document.mask.mask.sum()) > n and scene.is_calm(),
            f"the {name} is masked",
        )
    yield tool("polygon")
    corners = ((0.45, 0.75), (0.55, 0.75), (0.5, 0.85), (0.45, 0.75))
    for corner in corners:
        yield Drag((scene.at(*corner),))
    yield Shot("mouse-05-shapes")
    yield tool("eraser")
    yield scene.stroke((0.6, 0.6), (0.7, 0.6))
    yield from menu("Mask › Clear mask")
    yield Until(lambda: not scene.is_masked(), "the mask is empty")
    for name in ("wand", "object"):
        yield tool(name)
        yield Drag((scene.at(0.5, 0.5),))
        yield Until(scene.is_masked, f"the {name} took something")
        yield Shot(f"mouse-06-{name}")
        yield click(lambda: scene.button("mask.clear"))
        yield Until(lambda: not scene.is_masked(), "the mask is empty")

    # Paint the original back over a part of the edit; a dab of colour; move and zoom.
    yield tool("restore")
    yield scene.stroke((0.36, 0.36), (0.38, 0.33))
    yield Until(scene.edits(2), "the original is painted back")
    yield tool("hand")
    yield click(lambda: footer.zoom_in)
    yield scene.stroke((0.5, 0.5), (0.4, 0.4))
    yield Shot("mouse-07-zoomed")
    yield from menu("View › Fit in window")

    # Run the other engine and compare; take the better one.
    yield tool("brush")
    yield scene.stroke((0.8, 0.8), (0.84, 0.82))
    yield click(lambda: inspector.run.other)
    yield Until(lambda: work.strip.is_choosing, "two engines are side by side")
    yield Shot("mouse-08-engines")
    yield click(lambda: work.strip.take)
    yield Until(scene.edits(3), "the better one is an edit")
    yield Shot("mouse-09-three-edits")

    yield click(lambda: scene.button("file.save"))
    yield Until(scene.dialog(ExportDialog), "the save window is there")
    yield Until(lambda: scene.can_save(), "it is said what the file keeps")
    yield Shot("mouse-10-save")

    def dialog() -> ExportDialog:
        found = scene.modal()
        assert isinstance(found, ExportDialog)
        scene.out = found.path()
        return found

    yield click(lambda: dialog().save_button)
    yield Until(scene.saved_as_shown, "the file holds what was shown", 90)
    yield Shot("mouse-11-saved")


def _offers(words: str) -> bool:
    menu = QApplication.activePopupWidget()
    return isinstance(menu, QMenu) and any(a.text().startswith(words) for a in menu.actions())


def _open_menu() -> QMenu:
    """The innermost menu that is open."""
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    return menu


STORIES: dict[str, Callable[[Scene], Story]] = {"keys": by_keys, "mouse": by_mouse}


def told(person: Person) -> None:
    """Let a story run to its end in the application's event loop."""
    person.begin()
    app = QApplication.instance()
    assert app is not None
    while not person.ended:
        app.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", default=list(STORIES))
    parser.add_argument("--shots", type=Path)
    parser.add_argument("--light", action="store_true")
    given = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="stories-"))
    os.environ["INPAINT_STUDIO_HOME"] = str(home)

    from inpaint_studio.app import Studio
    from inpaint_studio.settings import Settings
    from inpaint_studio.ui.main import make_application
    from inpaint_studio.ui.retouch.welcome import sample_paths

    settings = Settings.load()
    settings.set("theme", "light" if given.light else "dark")
    make_application(settings)
    if given.shots:
        given.shots.mkdir(parents=True, exist_ok=True)
    failures = 0
    for name in given.names:
        photo = sample_paths()[0]
        with Studio.open(home / f"library-{name}", settings=settings) as studio:
            shell = Shell(studio)
            shell.show()
            shell.start([])
            scene = Scene(shell, photo, home / f"{name}.png")
            person = XPerson(STORIES[name](scene), shell, given.shots)
            told(person)
            print(f"{name}: {person.failed or f'told to its end, {len(person.told)} waits'}")
            failures += bool(person.failed)
            while (open_ := scene.modal()) is not None:
                open_.close()
            shell.close()
            shell.deleteLater()
    return min(failures, 1)


if __name__ == "__main__":
    sys.exit(main())
