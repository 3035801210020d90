"""The settings dialog: one control for every row of the settings table."""

from __future__ import annotations

from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDoubleSpinBox,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QScrollArea,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from inpaint_studio.errors import UserError
from inpaint_studio.records import Scalar
from inpaint_studio.settings import SETTINGS, Setting, Settings
from inpaint_studio.ui.text import tr
from inpaint_studio.ui.widgets import Notice, button, caption, label, name_lists, spaced

LATER = ("ui_scale",)


def control_for(setting: Setting, value: Scalar) -> QWidget:
    """Return the control that fits a setting's type, named for screen readers."""
    made: QWidget
    if setting.choices:
        box = QComboBox()
        for choice in setting.choices:
            box.addItem(tr(choice.capitalize()), choice)
        box.setCurrentIndex(max(0, box.findData(value)))
        made = box
    elif isinstance(setting.default, bool):
        tick = QCheckBox()
        tick.setChecked(bool(value))
        made = tick
    elif isinstance(setting.default, int):
        spin = spaced(QSpinBox())
        spin.setRange(int(setting.low or 0), int(setting.high or 2**31 - 1))
        spin.setValue(int(value))
        made = spin
    elif isinstance(setting.default, float):
        number = spaced(QDoubleSpinBox())
        number.setDecimals(2)
        number.setRange(float(setting.low or 0), float(setting.high or 1e9))
        number.setSingleStep(0.05 if (setting.high or 0) <= 3 else 1.0)
        number.setValue(float(value))
        made = number
    else:
        made = QLineEdit(str(value))
    made.setFixedWidth(170)
    made.setAccessibleName(tr(setting.label))
    made.setToolTip(tr(setting.help))
    return made


def value_of(control: QWidget) -> Scalar:
    """What a control says now."""
    if isinstance(control, QComboBox):
        return str(control.currentData())
    if isinstance(control, QCheckBox):
        return control.isChecked()
    if isinstance(control, QSpinBox | QDoubleSpinBox):
        return control.value()
    assert isinstance(control, QLineEdit)
    return control.text()


class SettingsDialog(QDialog):
    """Changes are kept with Save; a value that is refused is said why, in place."""

    def __init__(self, settings: Settings, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Settings"))
        self.setAccessibleName(tr("Settings"))
        self.resize(560, 600)
        self._settings = settings
        self.notice = Notice()
        self.controls: dict[str, QWidget] = {}
        form = QGridLayout()
        form.setHorizontalSpacing(24)
        form.setVerticalSpacing(14)
        form.setColumnStretch(0, 1)
        for row, setting in enumerate(SETTINGS):
            control = control_for(setting, settings[setting.key])
            self.controls[setting.key] = control
            words = tr(setting.help)
            if setting.key in LATER:
                words += " · " + tr("from the next start")
            holder = QWidget()
            cell = QVBoxLayout(holder)
            cell.setContentsMargins(0, 0, 0, 0)
            cell.setSpacing(1)
            cell.addWidget(label(tr(setting.label)))
            cell.addWidget(caption(words, wrap=True))
            form.addWidget(holder, row, 0)
            form.addWidget(control, row, 1)
        inner = QWidget()
        inner.setLayout(form)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setWidget(inner)
        area.setAccessibleName(tr("Settings"))
        name_lists(inner)
        self.save_button = button(tr("Save"), primary=True)
        self.save_button.setDefault(True)
        self.save_button.clicked.connect(self.save)
        cancel = button(tr("Cancel"))
        cancel.clicked.connect(self.reject)
        foot = QHBoxLayout()
        foot.addStretch(1)
        foot.addWidget(cancel)
        foot.addWidget(self.save_button)
        column = QVBoxLayout(self)
        column.addWidget(area, 1)
        column.addWidget(self.notice)
        column.addLayout(foot)

    def save(self) -> None:
        """Keep what was changed."""
        try:
            for key, control in self.controls.items():
                value = value_of(control)
                if value != self._settings[key]:
                    self._settings.set(key, value)
        except UserError as error:
            self.notice.say("bad", str(error))
            return
        self.accept()
