"""Line charts as SVG, both axes logarithmic: enough for benchmarks, no library needed."""

from __future__ import annotations

import math
from pathlib import Path

LEFT, TOP, WIDTH, HEIGHT = 60, 40, 460, 300
COLOURS = ("#d62728", "#1f77b4", "#2ca02c", "#9467bd", "#8c564b", "#e377c2")
GREY = "#ddd"


def log_chart(
    lines: dict[str, list[tuple[float, float]]], path: Path, *, across: str, up: str
) -> None:
    """Write a chart of `lines` (name -> points, all above 0)."""
    points = [point for line in lines.values() for point in line]
    if not points:
        return
    xs, ys = sorted({x for x, _ in points}), [y for _, y in points]
    scale = _Scale(xs[0], xs[-1], min(ys), max(ys))
    parts = [
        '<svg xmlns="http://www.w3.org/2000/svg" width="680" height="390">',
        '<rect width="680" height="390" fill="#fff"/>',
        "<style>text { font: 11px sans-serif }</style>",
    ]
    for x in xs:
        u = scale.u(x)
        parts += [_line(u, TOP, u, TOP + HEIGHT), _text(u, TOP + HEIGHT + 16, f"{x:.3g}")]
    for power in range(-4, 5):
        if min(ys) <= 10.0**power <= max(ys):
            v = scale.v(10.0**power)
            parts += [_line(LEFT, v, LEFT + WIDTH, v), _text(LEFT - 20, v + 4, f"{10.0**power:g}")]
    for k, (name, line) in enumerate(lines.items()):
        colour = COLOURS[k % len(COLOURS)]
        track = " ".join(f"{scale.u(x):.1f},{scale.v(y):.1f}" for x, y in sorted(line))
        parts += [
            f'<polyline points="{track}" fill="none" stroke="{colour}" stroke-width="2"/>',
            _text(LEFT + WIDTH + 40, TOP + 20 + 18 * k, name, colour),
        ]
    parts += [_text(LEFT + WIDTH / 2, 380, across), _text(LEFT + 80, 24, up), "</svg>"]
    path.write_text("\n".join(parts))


class _Scale:
    def __init__(self, low_x: float, high_x: float, low_y: float, high_y: float) -> None:
        self._x, self._wide = math.log(low_x), max(math.log(high_x / low_x), 1e-9)
        self._y, self._tall = math.log(low_y), max(math.log(high_y / low_y), 1e-9)

    def u(self, x: float) -> float:
        return LEFT + WIDTH * (math.log(x) - self._x) / self._wide

    def v(self, y: float) -> float:
        return TOP + HEIGHT * (1 - (math.log(y) - self._y) / self._tall)


def _line(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line x1="{x1:.0f}" y1="{y1:.0f}" x2="{x2:.0f}" y2="{y2:.0f}" stroke="{GREY}"/>'


def _text(x: float, y: float, words: str, colour: str = "#000") -> str:
    where = f'x="{x:.0f}" y="{y:.0f}"'
    return f'<text {where} fill="{colour}" text-anchor="middle">{words}</text>'
