"""The pages as parts of one window."""

import pytest
from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QAbstractButton, QApplication, QWidget


class Windows(QObject):
    """Every window of its own that was shown."""

    def __init__(self):
        super().__init__()
        self.shown = []

    def eventFilter(self, watched, event):  # noqa: N802
        if event.type() == QEvent.Type.Show and isinstance(watched, QWidget) and watched.isWindow():
            self.shown.append(type(watched).__name__)
        return False


@pytest.mark.parametrize("key", ["review", "batch", "insights"])
def test_a_page_is_built_without_a_window_of_its_own(qtbot, shell, key):
    windows = Windows()
    QApplication.instance().installEventFilter(windows)
    shell.show_page(key)
    qtbot.wait(50)
    QApplication.instance().removeEventFilter(windows)
    assert windows.shown == []


@pytest.mark.parametrize("key", ["review", "batch"])
def test_no_button_is_cut_in_a_narrow_window(qtbot, shell, key):
    shell.show_page(key)
    shell.resize(1100, 700)
    qtbot.wait(100)
    page = shell.workspace(key)
    shown = [
        part
        for part in page.findChildren(QAbstractButton)
        if part.text() and not part.visibleRegion().isEmpty()
    ]
    cut = [
        (part.text(), part.width(), part.minimumSizeHint().width())
        for part in shown
        if part.width() < part.minimumSizeHint().width()
        or part.visibleRegion().boundingRect().width() < part.width()
    ]
    assert len(shown) > 8
    assert cut == []


def test_four_precedents_fit_into_the_panel(qtbot, studio, shell):
    rows = studio.queue.list()
    for number, row in enumerate(rows[1:5]):
        studio.queue.decide(row.item_id, "accept" if number % 2 else "reject", reason="seam",
                            reviewer="ann")  # fmt: skip
    shell.show_page("review")
    page = shell.workspace("review")
    page.walk.go_to(rows[0])
    qtbot.waitUntil(lambda: page.panel.precedents.isVisible(), timeout=20000)
    inner = page.panel.area.widget()
    assert inner.minimumSizeHint().width() <= page.panel.area.viewport().width()


def test_insights_names_readings_as_the_panel_does(qtbot, shell):
    shell.show_page("insights")
    chosen = shell.workspace("insights").reading
    qtbot.waitUntil(lambda: chosen.count() > 5, timeout=20000)
    shown = {str(chosen.itemData(n)): chosen.itemText(n) for n in range(1, chosen.count())}
    assert shown["seam"] == "Step across the edge"
    assert not [text for text in shown.values() if "_" in text]
