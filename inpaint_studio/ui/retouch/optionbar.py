"""The thin bar above the photo: the settings of the tool in hand, and of the mask."""

from __future__ import annotations

import math

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QColor, QPixmap, QResizeEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QLabel,
    QSpinBox,
    QToolButton,
    QWidget,
)

from inpaint_studio.ui.actions import Actions
from inpaint_studio.ui.text import tr
from inpaint_studio.ui.widgets import Hint, NamedSlider, Segmented, Slider, dim, spaced

_STEPS = 400
COMBINE = (("add", "Add"), ("subtract", "Subtract"), ("intersect", "Intersect"))
SOURCES = (("auto", "Automatic"), ("include", "Copy only from"), ("exclude", "Never copy from"))
FINDERS = (
    ("mask.propose_text", "Text"), ("mask.propose_object", "Objects"),
    ("mask.propose_blemish", "Blemishes"), ("mask.propose_logo", "Logos"),
    ("mask.keep_all", "Keep all"),
)  # fmt: skip
SHAPES = ("rectangle", "ellipse", "lasso", "polygon", "wand", "object")
DRAWING = ("brush", "eraser", "restore", "source", "dropper")
HINTS = {
    "brush": "Shift: straight · Alt: erase",
    "eraser": "Shift: straight · Alt: add",
    "rectangle": "Shift: square · Alt: take away",
    "ellipse": "Shift: circle · Alt: take away",
    "lasso": "Draw around it · Alt: take away",
    "polygon": "Click the corners, Enter closes",
    "wand": "Click what looks alike",
    "object": "Click, or drag a box · Shift: stroke",
    "restore": "Paints the photo as it was opened",
    "source": "Alt: take away from the area",
    "dropper": "Alt+click takes a colour",
    "pick": "Click a pin to keep it, Alt+click to drop it",
    "hand": "Drag to move · Ctrl+wheel zooms",
}


def radius_of(step: int) -> float:
    """Brush radius of a slider step: 0.5 to 1000 px, evenly in the eye's sense."""
    return 0.5 * math.exp(step / _STEPS * math.log(2000))


def step_of(radius: float) -> int:
    return round(_STEPS * math.log(max(radius, 0.5) / 0.5) / math.log(2000))


class OptionBar(QWidget):
    """Tells by signals; shows what it is told."""

    combine_chosen = Signal(str)
    tolerance_changed = Signal(int)
    contiguous_changed = Signal(bool)
    feather_changed = Signal(int)
    step_changed = Signal(int)
    source_chosen = Signal(str)
    radius_chosen = Signal(float)

    def __init__(self, actions: Actions) -> None:
        super().__init__()
        self.setObjectName("bottombar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedHeight(40)
        self.combine = Segmented(
            [(k, tr(w)) for k, w in COMBINE], tr("Combine with the mask"), tight=True
        )
        self.combine.chosen.connect(self.combine_chosen)
        self.source = Segmented([(k, tr(w)) for k, w in SOURCES], tr("Sampling area"), tight=True)
        self.source.chosen.connect(self.source_chosen)
        self._brush = dim(tr("Brush"))
        self._brush.setMinimumWidth(88)
        self.radius = Slider(0, _STEPS, step_of(20), tr("Brush size"))
        self.radius.setFixedWidth(96)
        self.radius.valueChanged.connect(self._radius_moved)
        self.tolerance = NamedSlider(tr("Tolerance"), 0, 128, 24)
        self.tolerance.changed.connect(self.tolerance_changed)
        self.tolerance.setFixedWidth(168)
        self.contiguous = QCheckBox(tr("Joined"))
        self.contiguous.setToolTip(tr("Take only what hangs together"))
        self.contiguous.setAccessibleName(tr("Joined"))
        self.contiguous.setChecked(True)
        self.contiguous.toggled.connect(self.contiguous_changed)
        self.swatch = QLabel()
        self.swatch.setAccessibleName(tr("Colour in hand"))
        self.finders = _finders(actions)
        self.hint = Hint()
        self.feather = _spin(tr("Feather"), 0, 64, 2)
        self.feather.valueChanged.connect(self.feather_changed)
        self.step = _spin(tr("Grow and shrink step"), 1, 64, 2)
        self.step.valueChanged.connect(self.step_changed)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 0, 10, 0)
        row.setSpacing(8)
        for part in (
            self._brush,
            self.radius,
            self.finders, self.combine, self.source, self.tolerance, self.contiguous,
            self.swatch, self.hint,
        ):  # fmt: skip
            row.addWidget(part, 1 if part is self.hint else 0)
        self._feather_name = dim(tr("Feather"))
        row.addWidget(self._feather_name)
        row.addWidget(self.feather)
        row.addWidget(_small(actions, "mask.shrink"))
        row.addWidget(self.step)
        for name in ("mask.grow", "mask.invert", "mask.clear", "view.mask"):
            row.addWidget(_small(actions, name))
        self.show_tool("brush")

    def show_tool(self, name: str) -> None:
        """Show the settings of one tool."""
        self.combine.setVisible(name in SHAPES)
        for part in (self._brush, self.radius):
            part.setVisible(name in DRAWING)
        self.tolerance.setVisible(name == "wand")
        self.contiguous.setVisible(name == "wand")
        self.source.setVisible(name == "source")
        self.swatch.setVisible(name == "dropper")
        self.finders.setVisible(name == "pick")
        self.hint.say(tr(HINTS.get(name, "")))
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Where a tool brings many settings, the word before the feather goes, then the spins.

        Keys and menus still reach what is left out: `{` and `}`, and growing by the step.
        """
        row = self.layout()
        if row is None:
            return
        margins, spare = row.contentsMargins(), (self._feather_name, self.step, self.feather)
        for word in spare:
            word.show()
        shown = [
            part for at in range(row.count())
            if (item := row.itemAt(at)) is not None and (part := item.widget()) is not None
            and part is not self.hint and not part.isHidden()
        ]  # fmt: skip
        wide = margins.left() + margins.right() + len(shown) * row.spacing()
        wide += sum(max(part.sizeHint().width(), part.minimumWidth()) for part in shown)
        for word in spare:
            if wide > self.width():
                word.hide()
                wide -= max(word.sizeHint().width(), word.minimumWidth()) + row.spacing()

    def minimumSizeHint(self) -> QSize:
        """Narrow: a tool taken in hand must not push the panels beside the photo together."""
        return QSize(480, 40)

    def show_radius(self, radius: float) -> None:
        self.radius.blockSignals(True)
        self.radius.setValue(step_of(radius))
        self.radius.blockSignals(False)
        self.radius.update()
        self._brush.setText(tr("Brush {px} px", px=max(1, round(radius * 2))))

    def _radius_moved(self, step: int) -> None:
        self.radius_chosen.emit(radius_of(step))

    def show_color(self, color: QColor) -> None:
        made = QPixmap(28, 18)
        made.fill(color)
        self.swatch.setPixmap(made)
        self.swatch.setToolTip(color.name())


def _spin(name: str, low: int, high: int, value: int) -> QSpinBox:
    made = spaced(QSpinBox())
    made.setRange(low, high)
    made.setValue(value)
    made.setSuffix(" px")
    made.setFixedWidth(66)
    made.setAccessibleName(name)
    made.setToolTip(name)
    return made


def _finders(actions: Actions) -> QWidget:
    """What the program can look for, as a row of words; beside the pins they make."""
    made = QWidget()
    row = QHBoxLayout(made)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(2)
    row.addWidget(dim(tr("Find")))
    for name, words in FINDERS:
        # The button takes its words from the action anew whenever that changes.
        actions.action(name).setIconText(tr(words))
        part = _small(actions, name)
        part.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        part.setProperty("segment", True)
        row.addWidget(part)
    return made


def _small(actions: Actions, name: str) -> QToolButton:
    action = actions.action(name)
    made = QToolButton()
    made.setDefaultAction(action)
    made.setIconSize(QSize(18, 18))
    made.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
    made.setAccessibleName(action.text())
    made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return made
