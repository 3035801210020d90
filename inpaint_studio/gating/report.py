"""The report over a folder of judged edits: rows for a table, and one page to look at."""

from __future__ import annotations

import base64
import csv
import html
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from inpaint_studio.arrays import MaskBool, Pixels
from inpaint_studio.gating.scene import to_rgb8
from inpaint_studio.gating.words import number, places_shown
from inpaint_studio.geometry import Box
from inpaint_studio.records import Verdict

THUMB_PX = 360
SHOWN_PAD_PX = 48


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportRow:
    """One judged edit. `pictures`: PNG bytes of before, after and after with the place marked."""

    name: str
    verdict: Verdict
    pictures: tuple[bytes, ...] = ()

    def cells(self) -> dict[str, str | float]:
        """Return what a table (or CSV) shows of this edit."""
        verdict = self.verdict
        box = verdict.box
        found: dict[str, str | float] = {
            "name": self.name,
            "verdict": "accepted" if verdict.accepted else "flagged",
            "risk": round(verdict.risk, 4),
            "summary": verdict.summary,
            "place": f"{box.left},{box.top},{box.right},{box.bottom}" if box else "",
            "reasons": "; ".join(verdict.reasons),
        }
        found.update({reading.name: reading.value for reading in verdict.readings})
        return found


def make_row(
    name: str, before: Pixels, after: Pixels, mask: MaskBool, verdict: Verdict
) -> ReportRow:
    """Return a row with pictures cut to the edit; boxes of the verdict are in these pixels.

    All places that decide are marked, the verdict's own with a thicker line.
    """
    view = Box.of_mask(mask).pad(SHOWN_PAD_PX).clamp(Box.of_shape(mask.shape))
    marked = to_rgb8(after)[view.slices].copy()
    outline = cv2.morphologyEx(
        mask[view.slices].astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)
    )
    marked[outline > 0] = (255, 196, 0)
    shown = [] if verdict.accepted else [r.box for r in places_shown(verdict.readings)]
    for place in (*reversed(shown), verdict.box):
        if place is not None:
            box = place.shift(-view.left, -view.top)
            thick = 2 if place == verdict.box else 1
            corner = box.right - 1, box.bottom - 1
            cv2.rectangle(marked, (box.left, box.top), corner, (255, 64, 64), thick)
    cuts = (to_rgb8(before)[view.slices], to_rgb8(after)[view.slices], marked)
    return ReportRow(name=name, verdict=verdict, pictures=tuple(_png(cut) for cut in cuts))


def _png(pixels: np.ndarray) -> bytes:
    longest = max(pixels.shape[:2])
    if longest > THUMB_PX:
        size = (
            max(1, pixels.shape[1] * THUMB_PX // longest),
            max(1, pixels.shape[0] * THUMB_PX // longest),
        )
        pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    return bytes(cv2.imencode(".png", np.ascontiguousarray(pixels[..., ::-1]))[1])


def summary(rows: Sequence[ReportRow]) -> str:
    """Return one sentence over all rows."""
    flagged = [row for row in rows if not row.verdict.accepted]
    if not rows:
        return "No edits were judged."
    if not flagged:
        return f"All {len(rows)} edits look right."
    worst = max(flagged, key=lambda row: row.verdict.risk)
    return (
        f"{len(flagged)} of {len(rows)} edits are flagged; look first at {worst.name} "
        f"(risk {worst.verdict.risk:.2f}: {worst.verdict.summary})"
    )


def ordered(rows: Iterable[ReportRow]) -> list[ReportRow]:
    """Return the rows as a person should go through them: flagged first, the worst on top."""
    return sorted(rows, key=lambda row: (row.verdict.accepted, -row.verdict.risk, row.name))


def table(rows: Sequence[ReportRow]) -> str:
    """Return the edits as CSV, the ones to look at first; every reading has a column."""
    cells = [row.cells() for row in ordered(rows)]
    columns = dict.fromkeys(name for line in cells for name in line)
    out = io.StringIO()
    writer = csv.DictWriter(out, list(columns) or ["name"], lineterminator="\n")
    writer.writeheader()
    writer.writerows(cells)
    return out.getvalue()


def page(rows: Sequence[ReportRow], *, title: str = "Judged edits") -> str:
    """Return one self-contained HTML page: no script, nothing loaded from anywhere."""
    parts = [_HEAD.format(title=html.escape(title), summary=html.escape(summary(rows)))]
    parts.extend(_section(row) for row in ordered(rows))
    parts.append("</main></body></html>\n")
    return "".join(parts)


def _section(row: ReportRow) -> str:
    verdict = row.verdict
    kind = "accepted" if verdict.accepted else "flagged"
    pictures = "".join(
        f'<figure><img alt="{said}" src="data:image/png;base64,'
        f'{base64.b64encode(png).decode()}"><figcaption>{said}</figcaption></figure>'
        for said, png in zip(("Before", "After", "Place"), row.pictures)
    )
    lines = "".join(f"<li><code>{html.escape(line)}</code></li>" for line in verdict.reasons)
    readings = "".join(
        f'<tr class="{"" if r.passed else "failed"}"><td>{html.escape(r.label or r.name)}</td>'
        f"<td>{number(r.value)}</td><td>{_band(r.low, r.high)}</td>"
        f"<td>{html.escape(r.unit)}</td></tr>"
        for r in verdict.readings
    )
    return (
        f'<section class="{kind}"><h2>{html.escape(row.name)}</h2>'
        f"<p><strong>{kind}</strong>, risk {verdict.risk:.2f}. {html.escape(verdict.summary)}</p>"
        f'<div class="pictures">{pictures}</div><ul>{lines}</ul>'
        f"<details><summary>Readings</summary><table><tr><th>Reading</th><th>Value</th>"
        f"<th>Band</th><th>Unit</th></tr>{readings}</table></details></section>"
    )


def _band(low: float | None, high: float | None) -> str:
    if low is None and high is None:
        return "open"
    if low is None:
        return f"≤ {number(high or 0.0)}"
    if high is None:
        return f"≥ {number(low)}"
    return f"{number(low)} … {number(high)}"


_HEAD = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<style>
body {{ font: 15px/1.45 system-ui, sans-serif; margin: 0; background: #fff; color: #1c1f24 }}
main {{ max-width: 1180px; margin: 0 auto; padding: 24px }}
section {{ border-left: 4px solid #2a8a4a; padding: 4px 16px; margin: 24px 0 }}
section.flagged {{ border-color: #c8452f }}
.pictures {{ display: flex; flex-wrap: wrap; gap: 12px }}
figure {{ margin: 0 }} figcaption {{ color: #5a6270 }}
table {{ border-collapse: collapse }} td, th {{ padding: 2px 12px 2px 0; text-align: left }}
tr.failed td {{ color: #c8452f; font-weight: 600 }}
</style></head><body><main><h1>{title}</h1><p>{summary}</p>
"""
