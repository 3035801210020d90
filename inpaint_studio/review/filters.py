"""What part of the queue is shown, and in which order, as a value and as SQL.

Every filter but the text is answered by an index; the text looks through names, folders,
readings and notes. Order `risk` puts the riskiest first and what was skipped last.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from inpaint_studio.errors import BadSetting
from inpaint_studio.review.events import STATES

Order: TypeAlias = Literal["risk", "group", "age", "name", "decided"]

_ORDERS: dict[str, str] = {
    "risk": "waiting DESC, skipped, sort, number",
    "group": "waiting DESC, skipped, group_key, sort, number",
    "age": "waiting DESC, skipped, created, number",
    "name": "name, number",
    "decided": "decided DESC, number",
}
ORDERS: tuple[Order, ...] = ("risk", "group", "age", "name", "decided")


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which items, in which order. "" and None leave a field open.

    state: one of `events.STATES`, `waiting` (what a person must still decide), `decided`, or
    "" for all. gate: the name of the reading that failed. reason: why a person rejected it.
    """

    state: str = "waiting"
    gate: str = ""
    engine: str = ""
    kind: str = ""
    folder: str = ""
    reviewer: str = ""
    reason: str = ""
    batch_id: str = ""
    group_key: str = ""
    text: str = ""
    order: Order = "risk"

    def where(self) -> tuple[str, tuple[Any, ...]]:
        """Return the SQL condition and its values. Raises: BadSetting: unknown state."""
        parts: list[str] = []
        values: list[Any] = []
        if self.state == "waiting":
            parts.append("waiting = 1")
        elif self.state == "decided":
            parts.append("waiting = 0 AND state != 'superseded'")
        elif self.state:
            if self.state not in STATES:
                raise BadSetting(
                    f"There is no state {self.state!r}; use waiting, decided or one of "
                    f"{', '.join(STATES)}."
                )
            parts.append("state = ?")
            values.append(self.state)
        for column in (
            "gate", "engine", "kind", "folder", "reviewer", "reason", "batch_id", "group_key",
        ):  # fmt: skip
            value = getattr(self, column)
            if value:
                parts.append(f"{column} = ?")
                values.append(value)
        for word in self.text.split():
            like = "%" + word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
            parts.append(
                "(name LIKE ? ESCAPE '\\' OR gate LIKE ? ESCAPE '\\' "
                "OR folder LIKE ? ESCAPE '\\' OR note LIKE ? ESCAPE '\\')"
            )
            values += [like] * 4
        return " AND ".join(parts), tuple(values)

    def order_by(self) -> str:
        """Return the SQL order. Raises: BadSetting: unknown order."""
        if self.order not in _ORDERS:
            raise BadSetting(f"There is no order {self.order!r}; use {', '.join(ORDERS)}.")
        order = _ORDERS[self.order]
        # With one value of `waiting` the constant column must not spoil the index.
        if self.state == "waiting":
            return order.replace("waiting DESC, ", "")
        return order
