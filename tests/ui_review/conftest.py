"""A window on a library with real edits of a small photo."""

import shutil

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtTest import QTest

from inpaint_studio.app import Studio
from inpaint_studio.settings import Settings
from inpaint_studio.ui import theme
from inpaint_studio.ui.shell import Shell
from inpaint_studio.ui.workspace import PAGES
from tests.benchmarks.review_library import build


@pytest.fixture(scope="session")
def template(tmp_path_factory):
    """Made once; every test works on a copy."""
    folder = tmp_path_factory.mktemp("template")
    build(folder, items=9, photos=2, megapixels=0.25, edits=9).close()
    return folder


@pytest.fixture
def studio(tmp_path, template):
    shutil.copytree(template / "library", tmp_path / "library")
    # No attempts ahead: they would start a real worker in every test that lasts two seconds.
    settings = Settings(values={"reviewer": "ann", "attempts_ahead": 0})
    with Studio.open(tmp_path / "library", settings=settings) as studio:
        yield studio


@pytest.fixture
def shell(qapp, studio):
    """Dressed once: a style sheet set again polishes every window that is not gone yet."""
    if not qapp.styleSheet() or theme.active().name != "dark":
        theme.dress(qapp, "dark")
    keys = ("retouch", "review", "batch", "insights")
    shell = Shell(studio, pages=[page for page in PAGES if page.key in keys])
    shell.resize(1200, 760)
    shell.show()
    yield shell
    if not shell.isHidden():
        shell.close()
    shell.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.fixture
def opened(qtbot, shell):
    """Open the Review page and wait for its first photo."""

    def opened():
        shell.show_page("review")
        page = shell.workspace("review")
        qtbot.waitUntil(lambda: page.row is not None and page.canvas.has_photo)
        return page

    return opened


@pytest.fixture
def press(shell):
    def press(*keys):
        for key in keys:
            QTest.keyClick(shell, getattr(Qt.Key, f"Key_{key}"))

    return press
