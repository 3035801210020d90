"""What the shell expects of a workspace, and the list of those there are.

A workspace is a widget made as `Class(studio, actions, parent)`. It registers its commands with
`actions.on("review.accept", self._accept)` in its constructor, and is built when first shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, cast

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from inpaint_studio.ui.background import Background

if TYPE_CHECKING:
    from inpaint_studio.app import Studio
    from inpaint_studio.ui.actions import Actions


class Workspace(QWidget):
    """A page of the window. All of it runs on the window's thread."""

    headline = Signal(str, str)
    """The title bar's strong and dim text."""
    status = Signal(str, str)
    """The pill's kind (good, warn, bad, busy, idle) and words."""
    notice = Signal(str, str)
    """A sentence in place; kind as in `widgets.Notice.say`."""
    asked = Signal(str, object)
    """Another workspace's key and what it shall show (`("retouch", item_id)`: to be fixed)."""

    def __init__(self, studio: Studio, actions: Actions, parent: QWidget) -> None:
        super().__init__(parent)
        self.studio = studio
        self.actions_ = actions
        self.background = Background(self)

    def enter(self, what: object = None) -> None:
        """The page is shown now; `what` comes from another workspace's `asked`."""

    def leave(self) -> None:
        """Another page is shown now."""

    def open_files(self, paths: Sequence[Path]) -> None:
        """Files were dropped on the window, or chosen with Open."""

    def close_down(self) -> bool:
        """The window closes: stop work, keep what must be kept. False keeps it open."""
        return True


@dataclass(frozen=True, slots=True)
class Page:
    """A workspace that may be built: key, tab title, where its class is."""

    key: str
    title: str
    module: str
    name: str
    ahead: tuple[str, ...] | None = None
    """Modules to import one by one while the window is idle, before the page is built then;
    None: the page is built when it is first shown."""
    has_canvas: bool = False
    """Whether a photo must stay where it is while a notice comes and goes over it."""

    @property
    def exists(self) -> bool:
        try:
            return find_spec(self.module) is not None
        except ModuleNotFoundError:
            return False

    def build(self, studio: Studio, actions: Actions, parent: QWidget) -> Workspace:
        made = getattr(import_module(self.module), self.name)(studio, actions, parent)
        return cast("Workspace", made)


PAGES: tuple[Page, ...] = (
    Page(
        "retouch", "Retouch", "inpaint_studio.ui.retouch.workspace", "RetouchWorkspace",
        has_canvas=True,
    ),
    Page(
        "review", "Review", "inpaint_studio.ui.review.workspace", "ReviewWorkspace",
        ahead=(
            "inpaint_studio.review.groups", "inpaint_studio.review.fixing",
            "inpaint_studio.ui.review.shots", "inpaint_studio.ui.review.attempts",
            "inpaint_studio.ui.review.queue_list", "inpaint_studio.ui.review.panel",
        ),
        has_canvas=True,
    ),
    Page("batch", "Batch", "inpaint_studio.ui.batch.workspace", "BatchWorkspace", ahead=()),
    Page("insights", "Insights", "inpaint_studio.ui.insights.workspace", "InsightsWorkspace"),
    Page("models", "Models", "inpaint_studio.ui.models.workspace", "ModelsWorkspace", ahead=()),
)  # fmt: skip
