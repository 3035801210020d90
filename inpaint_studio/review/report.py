"""What a report of a batch or of a whole library says, in words and numbers.

`report_html` and `report_pdf` only draw it; `report_file` writes one of the two.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from inpaint_studio import __version__
from inpaint_studio.gating.words import label_of
from inpaint_studio.review.events import REASONS
from inpaint_studio.review.facts import Figures, figures_of
from inpaint_studio.review.filters import Filter
from inpaint_studio.review.items import why
from inpaint_studio.review.queue import ReviewQueue
from inpaint_studio.review.statistics import Share
from inpaint_studio.store.library import Library
from inpaint_studio.store.rows import ReviewRow

MOST_PICTURES = 48


@dataclass(frozen=True, slots=True)
class Bar:
    """One line of a plot: `value`, `low`, `high` in 0..1 of the axis; `text` says the numbers."""

    name: str
    value: float
    text: str
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Plot:
    title: str
    bars: tuple[Bar, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Shot:
    """A thumbnail (JPEG bytes, b"" where there is none) with two lines under it."""

    picture: bytes
    title: str
    detail: str
    mark: str


@dataclass(frozen=True, slots=True)
class Report:
    """Everything a report shows. `numbers` are the headline figures: name, value."""

    title: str
    subtitle: str
    numbers: tuple[tuple[str, str], ...]
    sentence: str
    plots: tuple[Plot, ...]
    shots: tuple[Shot, ...]
    more_shots: int = 0


def make_report(library: Library, batch_id: str = "") -> Report:
    figures = figures_of(library, batch_id)
    queue = ReviewQueue(library)
    items = queue.list(Filter(state="", batch_id=batch_id), limit=1 << 31)
    shown = [item for item in items if item.state != "superseded"]
    counts = library.batches.counts(batch_id) if batch_id else {}
    row = library.batches.get(batch_id) if batch_id else None
    when = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    return Report(
        title=f"Batch {Path(row.folder).name}" if row else "Edits and decisions",
        subtitle=f"{when} · Inpaint Studio {__version__}"
        + (f" · {row.folder} to {row.output}" if row else ""),
        numbers=_numbers(figures, counts),
        sentence=_sentence(figures),
        plots=_plots(figures),
        shots=tuple(_shot(library, item) for item in shown[:MOST_PICTURES]),
        more_shots=max(0, len(shown) - MOST_PICTURES),
    )


def _numbers(figures: Figures, counts: dict[str, int]) -> tuple[tuple[str, str], ...]:
    rows = [(f"photos {state}", str(n)) for state, n in sorted(counts.items())]
    rows += [
        ("edits", str(figures.edits)),
        ("waiting for a person", str(figures.waiting)),
        ("decisions a minute", f"{figures.per_minute:.1f}" if figures.per_minute else "–"),
        ("decisions taken back", percent(figures.reversal)),
        ("two reviewers agreed", percent(figures.agreement)),
    ]
    return tuple(rows)


def _sentence(figures: Figures) -> str:
    """Say what the audit supports about the edits nobody looked at."""
    escape = figures.escape
    if not escape.seen:
        return (
            f"{escape.accepted} edits were accepted without a person. None of them has been "
            "audited yet, so nothing can be said about how many are bad."
        )
    text = (
        f"Of {escape.accepted} edits accepted by the gates {escape.seen} were audited and "
        f"{escape.bad} found bad: with 95 % confidence at most {escape.bound:.1%} of the accepted "
        f"edits are bad (up to {escape.bound * escape.accepted:.0f})."
    )
    if escape.catch is not None:
        text += f" Reviewers caught {escape.catch.count} of {escape.catch.total} planted bad edits."
    return text


def _plots(figures: Figures) -> tuple[Plot, ...]:
    titles = {reason.name: reason.title for reason in REASONS}
    longest = max((entry.p95_s for entry in figures.latency), default=1.0) or 1.0
    plots = (
        Plot("Passed by the gates, per engine", _shares(figures.by_engine), "with 95 % intervals"),
        Plot("Passed by the gates, per kind", _shares(figures.by_kind)),
        Plot("Passed by the gates, per day", _shares(figures.by_day)),
        Plot("Readings that failed", _counts(figures.failed, label_of)),
        Plot("Why people rejected", _counts(figures.rejected, titles.get)),
        Plot("Seam outside its band, per engine", _shares(figures.seams)),
        Plot(
            "Seconds per edit",
            tuple(
                Bar(e.engine, e.median_s / longest, f"{e.median_s:.2f} s, p95 {e.p95_s:.2f} s",
                    e.median_s / longest, e.p95_s / longest)
                for e in figures.latency
            ),
            "median, with the line up to the 95th percentile",
        ),
    )  # fmt: skip
    return tuple(plot for plot in plots if plot.bars)


def _shares(shares: Sequence[Share]) -> tuple[Bar, ...]:
    return tuple(Bar(s.name, s.value, f"{s.value:.0%} of {s.total}", s.low, s.high) for s in shares)


def _counts(
    rows: Sequence[tuple[str, tuple[str, ...]]], words: Callable[[str], str | None]
) -> tuple[Bar, ...]:
    most = max((len(items) for _, items in rows), default=1)
    return tuple(
        Bar(words(name) or name.replace("_", " "), len(items) / most, str(len(items)))
        for name, items in rows[:12]
    )


def _shot(library: Library, item: ReviewRow) -> Shot:
    picture = b""
    if item.thumb and library.objects.has(item.thumb):
        picture = library.objects.get_bytes(item.thumb)
    said = item.reason.replace("_", " ") or why(item)
    detail = f"{item.engine} · {item.kind} · {said}".rstrip(" ·")
    return Shot(picture, Path(item.name).name, detail, item.state)


def percent(share: Share) -> str:
    return f"{share.value:.1%} of {share.total}" if share.total else "–"
