"""A report of a batch or of a whole library: one HTML file that needs nothing else, or a PDF.

`Report` is what it says, in words and numbers; `report_html` and `report_pdf` only draw it.
Both are written without Qt, so that terminal and window give the same file.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from inpaint_studio import __version__
from inpaint_studio.errors import BadSetting
from inpaint_studio.review.events import REASONS
from inpaint_studio.review.facts import Figures, figures_of
from inpaint_studio.review.filters import Filter
from inpaint_studio.review.queue import ReviewQueue
from inpaint_studio.review.statistics import Share
from inpaint_studio.store.files import write_durably
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


def write_report(library: Library, path: Path, *, batch_id: str = "") -> None:
    """Write the report as `path` says, .html or .pdf; whole or not at all.

    Raises: BadSetting: another suffix; StorageError.
    """
    suffix = path.suffix.lower()
    if suffix not in (".html", ".htm", ".pdf"):
        raise BadSetting(f"A report is written as .html or .pdf, not {suffix or 'without suffix'}.")
    report = make_report(library, batch_id)
    if suffix == ".pdf":
        from inpaint_studio.review.report_pdf import report_pdf

        data = report_pdf(report)
    else:
        data = report_html(report).encode()
    write_durably(path.absolute(), data)


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
        Plot("Readings that failed", _counts(figures.failed)),
        Plot("Why people rejected", _counts(figures.rejected, titles)),
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
    rows: Sequence[tuple[str, tuple[str, ...]]], titles: dict[str, str] | None = None
) -> tuple[Bar, ...]:
    most = max((len(items) for _, items in rows), default=1)
    return tuple(
        Bar((titles or {}).get(name, name.replace("_", " ")), len(items) / most, str(len(items)))
        for name, items in rows[:12]
    )


def _shot(library: Library, item: ReviewRow) -> Shot:
    picture = b""
    if item.thumb and library.objects.has(item.thumb):
        picture = library.objects.get_bytes(item.thumb)
    why = item.reason or item.gate
    detail = f"{item.engine} · {item.kind} · {why.replace('_', ' ')}".rstrip(" ·")
    return Shot(picture, Path(item.name).name, detail, item.state)


def percent(share: Share) -> str:
    return f"{share.value:.1%} of {share.total}" if share.total else "–"


_STYLE = """
body{font:14px/1.5 Inter,system-ui,sans-serif;color:#1c1c1f;background:#fff;margin:40px auto;
max-width:1000px;padding:0 24px;font-variant-numeric:tabular-nums}
h1{font-size:24px;margin:0}h2{font-size:15px;margin:36px 0 8px}p{max-width:70ch}
.sub{color:#66666d;margin:2px 0 20px}.numbers{display:flex;flex-wrap:wrap;gap:12px 36px}
.numbers b{display:block;font-size:20px;font-weight:600}.numbers span{color:#66666d;font-size:12px}
table{border-collapse:collapse;width:100%}td{padding:3px 10px 3px 0;vertical-align:middle}
td.n{width:30%}td.t{width:18%;color:#66666d;white-space:nowrap}
.shots{display:grid;grid-template-columns:repeat(auto-fill,minmax(150px,1fr));gap:18px}
.shots figure{margin:0}.shots img,.none{width:100%;height:110px;object-fit:cover;border-radius:4px;
background:#ececef}figcaption{font-size:12px;overflow-wrap:anywhere}
figcaption span{color:#66666d;display:block}.m{font-weight:600}
.accepted,.fixed{color:#1d7a45}.rejected{color:#c2322d}
@media print{body{margin:0}h2{break-after:avoid}figure{break-inside:avoid}}
"""


def report_html(report: Report) -> str:
    """Return one HTML file: no script, nothing fetched, thumbnails inside."""
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8>",
        "<meta name=viewport content='width=device-width'>",
        f"<title>{_t(report.title)}</title><style>{_STYLE}</style>",
        f"<h1>{_t(report.title)}</h1><p class=sub>{_t(report.subtitle)}</p><div class=numbers>",
        *(f"<div><b>{_t(value)}</b><span>{_t(name)}</span></div>" for name, value in (
            report.numbers
        )),
        f"</div><h2>What may have slipped through</h2><p>{_t(report.sentence)}</p>",
        *(_plot_html(plot) for plot in report.plots),
    ]  # fmt: skip
    if report.shots:
        parts.append("<h2>Items that a person sees or saw</h2><div class=shots>")
        parts += [_shot_html(shot) for shot in report.shots]
        parts.append("</div>")
    if report.more_shots:
        parts.append(f"<p class=sub>and {report.more_shots} more in the library</p>")
    return "\n".join(parts) + "</html>\n"


def _plot_html(plot: Plot) -> str:
    rows = "".join(
        f"<tr><td class=n>{_t(bar.name)}</td><td>{_bar_svg(bar)}</td>"
        f"<td class=t>{_t(bar.text)}</td></tr>"
        for bar in plot.bars
    )
    note = f"<p class=sub>{_t(plot.note)}</p>" if plot.note else ""
    return f"<h2>{_t(plot.title)}</h2><table>{rows}</table>{note}"


def _bar_svg(bar: Bar) -> str:
    line = ""
    if bar.low is not None and bar.high is not None:
        line = (
            f"<path d='M{bar.low * 400:.1f} 7H{bar.high * 400:.1f}' stroke='#1c1c1f' "
            "stroke-width='1.5'/>"
        )
    return (
        "<svg viewBox='0 0 400 14' width='100%' height='14' preserveAspectRatio='none'>"
        "<rect y=2 width=400 height=10 rx=2 fill='#ececef'/>"
        f"<rect y=2 width='{bar.value * 400:.1f}' height=10 rx=2 fill='#4f8ff7'/>{line}</svg>"
    )


def _shot_html(shot: Shot) -> str:
    import base64

    if shot.picture:
        data = base64.b64encode(shot.picture).decode()
        picture = f"<img alt='' src='data:image/jpeg;base64,{data}'>"
    else:
        picture = "<div class=none></div>"
    return (
        f"<figure>{picture}<figcaption>{_t(shot.title)}<span>{_t(shot.detail)}</span>"
        f"<span class='m {_t(shot.mark)}'>{_t(shot.mark)}</span></figcaption></figure>"
    )


def _t(text: str) -> str:
    return html.escape(text, quote=True)
