"""Draws a report as one HTML file that needs nothing else."""

from __future__ import annotations

import base64
import html

from inpaint_studio.review.report import Bar, Plot, Report, Shot

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
