"""What is known about one model, and what to do with it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from inpaint_studio.ui.models.listing import KIND_WORDS, Row, family_words, size_words
from inpaint_studio.ui.text import tr
from inpaint_studio.ui.widgets import Card, button, dim, label
from inpaint_studio.weights.entries import STATE_TEXT, Contract, ModelEntry
from inpaint_studio.weights.known import Known, is_known_sum

WIDEST_PX = 860
CARDS = {
    "ready": "good", "new": "info", "missing": "bad", "damaged": "bad", "refused": "bad",
    "memory": "warn",
}  # fmt: skip


def contract_words(contract: Contract) -> str:
    """Return a network's contract as a person reads it."""
    shapes = {
        "image+mask": tr("picture and mask"),
        "concat": tr("picture and mask in one"),
        "mask-first": tr("mask and picture in one"),
    }
    size = (
        tr("always {n} px", n=contract.fixed_px)
        if contract.fixed_px
        else tr("sides in steps of {n} px", n=contract.multiple)
    )
    return f"{shapes[contract.layout]} · {contract.low:g}…{contract.high:g} · {size}"


class Detail(QWidget):
    """The right side of the page."""

    verify = Signal(object)
    trust = Signal(object)
    remove = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("canvas")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._row: Row | None = None
        self.title = label("", "title")
        self.title.setTextFormat(Qt.TextFormat.PlainText)
        self.what = dim("", wrap=True)
        self.card = Card()
        self.facts = QGridLayout()
        self.facts.setHorizontalSpacing(20)
        self.facts.setVerticalSpacing(9)
        self.facts.setColumnStretch(1, 1)
        self.verify_button = button(tr("Verify"), icon="check")
        self.trust_button = button(tr("I trust its source"), icon="lock")
        self.remove_button = button(tr("Remove…"), icon="trash")
        self.verify_button.clicked.connect(self._verify)
        self.trust_button.clicked.connect(self._trust)
        self.remove_button.clicked.connect(self._remove)
        buttons = QHBoxLayout()
        for part in (self.verify_button, self.trust_button, self.remove_button):
            buttons.addWidget(part)
        buttons.addStretch(1)
        inner = QWidget()
        inner.setMaximumWidth(WIDEST_PX)
        whole = QHBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(inner)
        whole.addStretch(0)
        column = QVBoxLayout(inner)
        column.setContentsMargins(28, 22, 28, 16)
        column.setSpacing(14)
        column.addWidget(self.title)
        column.addWidget(self.what)
        column.addWidget(self.card)
        column.addLayout(self.facts)
        column.addLayout(buttons)
        column.addStretch(1)

    def show_row(self, row: Row | None, *, busy: bool = False) -> None:
        """Show a model on disk, a well-known one that is not, or nothing."""
        self._row = row
        here = isinstance(row, ModelEntry)
        self.card.setVisible(row is not None)
        self.verify_button.setVisible(here)
        self.verify_button.setEnabled(not busy)
        self.remove_button.setVisible(here)
        self.remove_button.setEnabled(not busy)
        self.trust_button.setVisible(isinstance(row, ModelEntry) and needs_trust(row))
        self.trust_button.setEnabled(not busy)
        self._clear()
        if isinstance(row, ModelEntry):
            self._entry(row)
        elif isinstance(row, Known):
            self._known(row)
        else:
            self.title.setText(tr("No models yet"))
            self.what.setText(tr("Flat, patch and text need none."))

    def _entry(self, entry: ModelEntry) -> None:
        self.title.setText(entry.name)
        self.what.setText(f"{tr(KIND_WORDS[entry.kind])} · {family_words(entry)}")
        advice = entry.advice or tr("Its sum was checked; it is used from this folder.")
        if needs_trust(entry):
            advice = tr(
                "It is TorchScript, which is program code, from an unknown source. It is not "
                "opened until you say that you trust where it came from."
            )
            self.card.say("warn", tr("Waits for your word"), advice)
        else:
            self.card.say(CARDS[entry.state], tr(STATE_TEXT[entry.state]), advice)
        facts = [
            (tr("Place"), str(entry.path)),
            (tr("Size"), size_words(entry.bytes)),
            (tr("Licence"), entry.licence or tr("unknown: read what came with it")),
            ("SHA-256", entry.sha256 or tr("not read yet")),
        ]
        if len(entry.files) > 1:
            facts.append((tr("Files"), str(len(entry.files))))
        if entry.contract is not None:
            facts.append((tr("Contract"), contract_words(entry.contract)))
        if entry.added_at:
            facts.append((tr("Checked"), entry.added_at.replace("T", " ")[:16]))
        self._facts(facts)

    def _known(self, known: Known) -> None:
        self.title.setText(known.name)
        self.what.setText(tr(known.what))
        self.card.say(
            "info",
            tr("Not on this computer"),
            tr("The program never downloads. Obtain it as said below, then import it."),
        )
        facts = [
            (tr("Obtain"), known.obtain),
            (tr("Files"), known.file),
            (tr("Licence"), known.licence),
        ]
        if known.sha256:
            facts.append(("SHA-256", known.sha256))
        self._facts(facts)

    def _facts(self, facts: list[tuple[str, str]]) -> None:
        for place, (name, words) in enumerate(facts):
            head = dim(name)
            body = QLabel(words)
            body.setTextFormat(Qt.TextFormat.PlainText)
            body.setWordWrap(True)
            body.setTextInteractionFlags(
                Qt.TextInteractionFlag.TextSelectableByMouse
                | Qt.TextInteractionFlag.TextSelectableByKeyboard
            )
            body.setAccessibleName(f"{name}: {words}")
            self.facts.addWidget(head, place, 0, Qt.AlignmentFlag.AlignTop)
            self.facts.addWidget(body, place, 1)

    def _clear(self) -> None:
        while (item := self.facts.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()

    def _verify(self) -> None:
        self.verify.emit(self._row)

    def _trust(self) -> None:
        self.trust.emit(self._row)

    def _remove(self) -> None:
        self.remove.emit(self._row)


def needs_trust(entry: ModelEntry) -> bool:
    return (
        entry.path.suffix.lower() == ".pt"
        and entry.is_usable
        and not entry.trusted
        and not is_known_sum(entry.sha256)
    )
