"""One line of undo for a photo: mask strokes and edits in the order they were made. No Qt.

An edit takes the mask it was made with along: undoing the edit brings the mask back, ready to
be mended and run again. The photo's own history (`session.History`) stays the truth about
pixels; this line only says what comes before what, and is rebuilt from it when they differ.
"""

from __future__ import annotations

import base64
import json
import zlib
from dataclasses import dataclass

from inpaint_studio.geometry import Box
from inpaint_studio.ui.retouch.maskdoc import MaskStep

KEEP_STEPS = 500


@dataclass(frozen=True, slots=True)
class Step:
    """A mask step, an edit (its position in the history, -1: none), or both at once."""

    label: str
    mask: MaskStep | None = None
    edit: int = -1


class Timeline:
    """Steps and a cursor: the first `cursor` steps are in force."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.cursor = 0

    def push(self, step: Step) -> None:
        """Add a step; what had been undone is gone."""
        del self.steps[self.cursor :]
        self.steps.append(step)
        self.cursor += 1
        self._trim()

    def _trim(self) -> None:
        """Forget the oldest mask strokes; edits are never forgotten here."""
        extra = len(self.steps) - KEEP_STEPS
        for index in range(len(self.steps)):
            if extra <= 0:
                return
            if self.steps[index].edit < 0 and index < self.cursor:
                self.steps[index] = Step("", None)
                extra -= 1
        self.steps = [step for step in self.steps if step.mask is not None or step.edit >= 0]
        self.cursor = len(self.steps)

    @property
    def can_undo(self) -> bool:
        return self.cursor > 0

    @property
    def can_redo(self) -> bool:
        return self.cursor < len(self.steps)

    @property
    def newest_edit(self) -> int:
        """The edit that undo would take back; -1: it would take a mask stroke, or nothing."""
        return self.steps[self.cursor - 1].edit if self.can_undo else -1

    @property
    def undo_label(self) -> str:
        return self.steps[self.cursor - 1].label if self.can_undo else ""

    @property
    def redo_label(self) -> str:
        return self.steps[self.cursor].label if self.can_redo else ""

    def back(self) -> Step | None:
        """Step back; return what must be taken away."""
        if not self.can_undo:
            return None
        self.cursor -= 1
        return self.steps[self.cursor]

    def forth(self) -> Step | None:
        """Step forth; return what must be applied again."""
        if not self.can_redo:
            return None
        self.cursor += 1
        return self.steps[self.cursor - 1]

    @property
    def size_bytes(self) -> int:
        return sum(step.mask.size_bytes for step in self.steps if step.mask is not None)

    def fits(self, edits: int, applied: int) -> bool:
        """Whether this line names exactly the history's edits, `applied` of them in force."""
        named = [step.edit for step in self.steps if step.edit >= 0]
        done = [step.edit for step in self.steps[: self.cursor] if step.edit >= 0]
        return named == list(range(edits)) and len(done) == applied

    def rebuild(self, labels: list[str], applied: int) -> None:
        """Take the history's edits as the whole line."""
        self.steps = [Step(label, None, index) for index, label in enumerate(labels)]
        self.cursor = applied

    def to_bytes(self) -> bytes:
        """The line as one compressed JSON document."""
        return zlib.compress(
            json.dumps({"cursor": self.cursor, "steps": [_plain(s) for s in self.steps]}).encode()
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> Timeline:
        """Read what `to_bytes` gave. Raises: ValueError."""
        try:
            raw = json.loads(zlib.decompress(data))
            line = cls()
            line.steps = [_step(item) for item in raw["steps"]]
            line.cursor = min(max(int(raw["cursor"]), 0), len(line.steps))
        except (zlib.error, KeyError, TypeError, IndexError) as error:
            raise ValueError(f"the mask's history cannot be read: {error}") from error
        return line


def _plain(step: Step) -> list[object]:
    mask = step.mask
    if mask is None:
        return [step.label, step.edit]
    boxes = [[box.left, box.top, box.right, box.bottom] for box in mask.boxes]
    return [
        step.label, step.edit, mask.label, boxes,
        base64.b85encode(mask.before).decode(), base64.b85encode(mask.after).decode(),
    ]  # fmt: skip


def _step(item: list[object]) -> Step:
    label, edit = str(item[0]), int(str(item[1]))
    if len(item) == 2:
        return Step(label, None, edit)
    corners = item[3]
    if not isinstance(corners, list):
        raise TypeError("a step has boxes")
    boxes = tuple(Box(*(int(value) for value in four)) for four in corners)
    before, after = base64.b85decode(str(item[4])), base64.b85decode(str(item[5]))
    return Step(label, MaskStep(str(item[2]), boxes, before, after), edit)
