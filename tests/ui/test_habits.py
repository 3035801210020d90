"""What hesitated when the window was tried as a new user would, and was mended."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QPointingDevice, QTabletEvent
from PySide6.QtWidgets import QMenu, QToolButton, QWidget

from inpaint_studio.geometry import Box
from inpaint_studio.proposals.base import proposal
from inpaint_studio.ui.canvas.panes import Mode
from tests.ui.conftest import Hands

CTRL = Qt.KeyboardModifier.ControlModifier


def fill(hands: Hands, x: float, edits: int) -> None:
    hands.stroke((x, 80), (x + 50, 80))
    hands.key(Qt.Key.Key_Return, CTRL)
    hands.until(lambda: hands.document.history.cursor == edits)
    hands.settle()


def undo(hands: Hands, edits: int) -> None:
    hands.key(Qt.Key.Key_Z, CTRL)
    hands.until(lambda: hands.document.history.cursor == edits)
    hands.settle()


def test_an_edit_that_a_new_one_takes_the_place_of_leaves_the_review_queue(
    hands: Hands, photos: list[Path]
) -> None:
    hands.open(photos[0])
    queue = hands.workspace.studio.queue
    fill(hands, 100, 1)
    assert queue.count() == 1
    undo(hands, 0)
    assert queue.count() == 1  # It can be redone.
    hands.key(Qt.Key.Key_Return, CTRL)
    hands.until(lambda: hands.document.history.cursor == 1)
    hands.settle()
    assert queue.count() == 1
    first = queue.of_edit("edit-1")
    assert first is not None and not first.waiting


def test_retry_offers_seeds_and_the_engines_that_can_run(hands: Hands, photos: list[Path]) -> None:
    hands.open(photos[0])
    hands.workspace.runner.ready = frozenset({"flat", "patch"})
    fill(hands, 100, 1)
    menu = hands.workspace.hand.retry_menu(hands.canvas.mapToGlobal(hands.canvas.rect().center()))
    assert isinstance(menu, QMenu)
    words = [action.text() for action in menu.actions() if action.text()]
    assert words == ["What fits best next", "Another seed", "Flat ground"]
    asked: list[tuple[str, int]] = []
    hands.workspace.hand._run_again = (  # type: ignore[method-assign]
        lambda wish: asked.append((wish.engine, wish.seed))
    )
    for action in menu.actions()[1:]:
        action.trigger()
    assert asked == [("patch", 1), ("flat", 0)]


def test_the_bar_of_the_pins_finds_what_can_be_found(hands: Hands, photos: list[Path]) -> None:
    hands.open(photos[0])
    letters = np.zeros((300, 400), bool)
    letters[40:60, 80:180] = True
    hands.pool.found = [proposal(letters, kind="text", confidence=0.9, reason="Two agree.")]
    hands.key(Qt.Key.Key_P)
    bar = hands.workspace.options.finders
    assert bar.isVisible()
    bar.children()[2].click()  # type: ignore[attr-defined]
    hands.until(lambda: bool(hands.workspace.pins.items))
    words = [part.text() for part in bar.findChildren(QToolButton)]
    assert words == ["Text", "Objects", "Blemishes", "Logos", "Keep all"]
    hands.until(lambda: len(hands.workspace.pins._tags) == 1)
    pin = hands.workspace.pins._tags[0]
    assert pin.bottom() < 40  # The pin stands above its box.
    hands.stroke((pin.center().x(), pin.center().y()))
    assert hands.document.mask.mask.sum() == letters.sum()
    assert hands.editor.kind == "text"
    hands.key(Qt.Key.Key_B)
    assert not bar.isVisible()


def test_what_a_kept_proposal_was_found_as_goes_with_the_run_and_ends_with_it(
    hands: Hands, photos: list[Path]
) -> None:
    hands.open(photos[0])
    thing = np.zeros((300, 400), bool)
    thing[40:90, 80:120] = True
    hands.pool.found = [
        proposal(thing, kind="object", confidence=0.9, reason="looks like a car", text="car")
    ]
    hands.key(Qt.Key.Key_P)
    hands.workspace.options.finders.children()[3].click()  # type: ignore[attr-defined]
    hands.until(lambda: len(hands.workspace.pins._tags) == 1)
    hands.stroke((100, 60))
    assert hands.document.things == ((Box(80, 40, 120, 90), "car"),)
    hands.key(Qt.Key.Key_Return, CTRL)
    hands.until(lambda: hands.document.history.cursor == 1)
    request = next(args[0] for name, args in hands.pool.asked if name == "run_job")
    ((where, name),) = request.things
    assert name == "car"
    assert where.shift(request.origin.left, request.origin.top) == Box(80, 40, 120, 90)
    assert hands.document.things == ()
    assert "fatal" in hands.pool.learns, "a killed worker's run goes on with the next engine"


def test_many_proposals_are_kept_at_once_and_it_is_said_what_comes_next(
    hands: Hands, photos: list[Path]
) -> None:
    hands.open(photos[0])
    said: list[str] = []
    hands.workspace.masks.notice.connect(lambda _, words: said.append(words))
    whole = np.zeros((300, 400), bool)
    for left in (40, 160):
        whole[40:90, left : left + 40] = True
        part = np.zeros_like(whole)
        part[40:90, left : left + 40] = True
        hands.pool.found.append(proposal(part, kind="text", confidence=0.9, reason="reads “a”"))
    hands.key(Qt.Key.Key_T, Qt.KeyboardModifier.ShiftModifier)
    hands.until(lambda: len(hands.workspace.pins.items) == 2)
    assert said[-1].endswith("Ctrl+Shift+A keeps all.")
    hands.key(Qt.Key.Key_A, CTRL | Qt.KeyboardModifier.ShiftModifier)
    assert np.array_equal(hands.document.mask.mask, whole)
    assert said[-1] == "2 proposals taken into the mask; Ctrl+Return fills it."


def test_an_edit_all_over_the_photo_is_shown_no_smaller_than_the_photo_fits(
    hands: Hands, photos: list[Path]
) -> None:
    hands.open(photos[0])
    hands.canvas.resize(420, 320)
    hands.canvas.fit()
    fitted = hands.canvas.view
    hands.canvas.frame(Box(0, 0, 400, 300))
    assert hands.canvas.view == fitted
    hands.canvas.frame(Box(40, 40, 80, 80))
    assert hands.canvas.view.zoom > fitted.zoom


def test_a_split_parts_the_new_edit(hands: Hands, photos: list[Path]) -> None:
    hands.open(photos[0])
    hands.workspace.views.set_mode(Mode.SPLIT)
    fill(hands, 60, 1)
    left, right = (hands.at(x, 80).x() for x in (60, 110))
    assert left < hands.canvas.split * hands.canvas.width() < right


def test_variations_are_looked_at_without_outline_and_without_buttons_for_edits(
    hands: Hands, photos: list[Path]
) -> None:
    hands.open(photos[0])
    hands.workspace.inspector.run.variations.setValue(2)
    hands.canvas.zoom_to(8)
    hands.stroke((200, 150), (205, 150))
    hands.key(Qt.Key.Key_Return, CTRL)
    hands.until(lambda: hands.workspace.strip.is_choosing)
    scene, inspector = hands.canvas.scene, hands.workspace.inspector
    assert not scene.show_ants and not scene.show_mask
    assert not inspector._retry.isVisible() and not inspector._review.isVisible()
    hands.key(Qt.Key.Key_Escape)
    assert scene.show_ants and scene.show_mask


def test_menus_hold_what_the_page_can_do(hands: Hands) -> None:
    whole = hands.shell.topbar.menu_button.menu()
    assert whole is not None
    whole.aboutToShow.emit()
    shown = [action.text() for action in whole.actions() if action.isVisible()]
    assert "Mask" in shown and "Review" not in shown and "Batch" not in shown


def test_the_button_says_what_comes_first(hands: Hands, photos: list[Path]) -> None:
    hands.open(photos[0])
    first = hands.workspace.inspector.run._first
    assert first.isVisible() and "mark what shall go" in first.text()
    hands.stroke((100, 80), (150, 80))
    assert not first.isVisible()


def test_the_mask_view_shows_what_the_edit_filled(hands: Hands, photos: list[Path]) -> None:
    from inpaint_studio.geometry import Box
    from inpaint_studio.ui.canvas.render import Evidence, render

    hands.open(photos[0])
    scene = hands.canvas.scene
    plane = np.ones((20, 20), np.float32)
    scene.edit_mask = Evidence(box=Box(40, 40, 60, 60), plane=plane, color=(255, 255, 255))
    shown = render(scene, "mask", 1.0, Box(0, 0, 100, 100)).pixels
    assert (shown[45:55, 45:55] == 255).all() and not (shown[:30, :30] == 255).all()


def test_a_second_run_fills_only_what_the_first_does_not(hands: Hands, photos: list[Path]) -> None:
    hands.open(photos[0])
    hands.pool.stuck = True
    hands.stroke((100, 80), (150, 80))
    hands.key(Qt.Key.Key_Return, CTRL)
    hands.until(lambda: len(hands.workspace.runner.busy) == 1)
    hands.key(Qt.Key.Key_Return, CTRL)
    assert "being filled already" in hands.shell.notice.words
    hands.stroke((250, 200), (300, 200))
    hands.key(Qt.Key.Key_Return, CTRL)
    hands.until(lambda: len(hands.workspace.runner.busy) == 2)
    first, second = (mask for _, mask in hands.workspace.runner.under_way(hands.document))
    assert first.sum() + second.sum() == hands.document.mask.mask.sum()
    hands.workspace.runner.cancel_all()
    hands.until(lambda: not hands.workspace.runner.busy)


def test_the_mask_has_the_colour_the_settings_say(hands: Hands, photos: list[Path]) -> None:
    hands.open(photos[0])
    scene = hands.canvas.scene
    assert scene.mask_color == (238, 80, 90)
    hands.shell.studio.settings.set("mask_color", "blue")
    hands.shell.studio.settings.set("mask_opacity", 0.6)
    hands.workspace.settings_changed()
    assert scene.mask_color == (80, 140, 250) and scene.mask_opacity == 0.6


def test_recent_photos_are_in_the_file_menu(hands: Hands, photos: list[Path]) -> None:
    hands.open(photos[0])
    whole = hands.shell.topbar.menu_button.menu()
    assert whole is not None
    recent = next(m for m in whole.findChildren(QMenu) if m.title() == "Open recent")
    recent.aboutToShow.emit()
    assert photos[0].name in [action.text() for action in recent.actions()]


def test_an_approved_edit_says_who_approved_it(hands: Hands, photos: list[Path]) -> None:
    hands.open(photos[0])
    hands.shell.studio.settings.set("reviewer", "Ada")
    fill(hands, 100, 1)
    hands.key(Qt.Key.Key_A)
    hands.settle()
    words = hands.workspace.inspector.card.words
    assert words.startswith("Approved by Ada") and "A seam shows" in words


def test_the_sampling_area_goes_with_the_run(hands: Hands, photos: list[Path]) -> None:
    """Include: only from there; exclude: from everywhere else."""
    hands.open(photos[0])
    hands.key(Qt.Key.Key_S)
    hands.stroke((220, 80), (260, 80))
    hands.key(Qt.Key.Key_B)
    hands.stroke((100, 80), (150, 80))
    for means, inside in (("include", True), ("exclude", False)):
        hands.workspace.options.source_chosen.emit(means)
        hands.key(Qt.Key.Key_Return, CTRL)
        hands.until(lambda: hands.document.history.cursor == 1)
        hands.settle()
        request = [args[0] for name, args in hands.pool.asked if name == "run_job"][-1]
        at = request.origin
        assert bool(request.source[80 - at.top, 240 - at.left]) is inside
        undo(hands, 0)


def test_nothing_in_the_inspector_is_wider_than_it_may_become(
    hands: Hands, photos: list[Path]
) -> None:
    hands.open(photos[0])
    fill(hands, 100, 1)
    inspector = hands.workspace.inspector
    inner = inspector.area.widget()
    wide = [
        type(part).__name__ for part in inner.findChildren(QWidget)
        if part.minimumSizeHint().width() > inspector.minimumWidth() - 32
    ]  # fmt: skip
    assert inner.minimumSizeHint().width() <= inspector.minimumWidth(), wide


def test_no_way_to_compare_is_cut_in_a_narrow_window(hands: Hands, photos: list[Path]) -> None:
    hands.open(photos[0])
    for width in (1440, 1100, 1440):
        hands.shell.resize(width, 700)
        hands.qtbot.wait(50)
        footer = hands.workspace.footer
        parts = [part for part in footer.findChildren(QToolButton) if part.isVisible()]
        assert len(parts) >= 7
        cut = [part.text() for part in parts if part.width() < part.sizeHint().width()]
        assert cut == [], (width, footer.width(), footer.modes.sizeHint().width())
        assert footer.zoom_in.isVisible() is (width == 1440)


def test_cards_of_the_welcome_page_never_lie_over_one_another(
    hands: Hands, photos: list[Path]
) -> None:
    welcome = hands.workspace.places.welcome
    for shown in (photos[:1], photos[1:], photos):
        welcome.show_recent(shown)
        assert [path for path in welcome.cards if path in photos] == shown
        places = [welcome._recent.getItemPosition(at) for at in range(welcome._recent.count())]
        assert len(set(places)) == len(places) == len(shown)
        assert not welcome._recent_title.isHidden()


def test_no_tool_in_hand_pushes_the_panels_together(hands: Hands, photos: list[Path]) -> None:
    hands.open(photos[0])
    width = hands.workspace.places.left.width()
    for name in ("wand", "source", "pick", "dropper", "brush"):
        hands.workspace.tools.take(name)
        hands.qtbot.wait(10)
        assert hands.workspace.places.left.width() == width, name
        bar = hands.workspace.options
        for part in (bar.combine, bar.source, bar.tolerance):
            assert part.isHidden() or part.width() >= part.minimumSizeHint().width(), name


def test_a_pen_that_is_pressed_less_draws_thinner(hands: Hands, photos: list[Path]) -> None:
    hands.open(photos[0])
    hands.editor.set_radius(20)
    widths = []
    left = Qt.MouseButton.LeftButton
    for y, pressure in ((60, 1.0), (200, 0.3)):
        for kind, x in (
            (QEvent.Type.TabletPress, 100), (QEvent.Type.TabletMove, 200),
            (QEvent.Type.TabletRelease, 200),
        ):  # fmt: skip
            at = QPointF(hands.at(x, y))
            event = QTabletEvent(
                kind, QPointingDevice.primaryPointingDevice(), at, at, pressure, 0, 0, 0, 0, 0,
                Qt.KeyboardModifier.NoModifier, left, left,
            )  # fmt: skip
            hands.canvas.tabletEvent(event)
        widths.append(int(hands.document.mask.mask[:, 150][y - 50 : y + 50].sum()))
    assert widths[0] == 40 and 10 <= widths[1] <= 14
