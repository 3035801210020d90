"""How far a batch is, and who is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from inpaint_studio.store.rows import BatchItemRow

ENDED = ("done", "clean", "flagged", "failed", "set aside")


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchProgress:
    """How far a batch is. `per_minute` photos of this session; `seconds_left` None: not known."""

    total: int
    counts: dict[str, int]
    working: tuple[str, ...] = ()
    per_minute: float = 0.0
    seconds_left: float | None = None
    peak_mb: float = 0.0
    workers: int = 0
    is_paused: bool = False

    @property
    def ended(self) -> int:
        return sum(self.counts.get(state, 0) for state in ENDED)

    @property
    def fraction(self) -> float:
        return self.ended / self.total if self.total else 1.0


class Listener(Protocol):
    """Told of progress, and of each row as it ends. Called on the batch's own thread."""

    def __call__(self, progress: BatchProgress, row: BatchItemRow | None) -> None: ...


def nobody(progress: BatchProgress, row: BatchItemRow | None) -> None:
    """The listener of a batch that nobody watches."""
