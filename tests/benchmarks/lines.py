"""Whether lines go on through a hole: `patch` with and without what guides it along them.

    python -m tests.benchmarks.lines --photos DIR [DIR ...] --out DIR [--seed N] [--half 0|1]
        [--count N] [--drawn N]

Photos are cut in halves by their names: tune on one, report the other. A line continues where it
lies within 1 px of where it belongs on 90 % of its way through the hole. One thread; CPU seconds.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import cv2
import numpy as np

from inpaint_studio.engines.warmup import warm
from inpaint_studio.geometry import Box
from inpaint_studio.jobs.token import RunToken
from tests.benchmarks.engines import ours
from tests.benchmarks.engines_measures import look
from tests.benchmarks.lines_cases import SCENES, LineCase, drawn_cases, photo_cases
from tests.benchmarks.lines_measures import Found, line_error

WAYS = {"without": 0, "with": 1}
Row = dict[str, object]


def measured(case: LineCase, out: Path) -> Iterator[Row]:
    """Fill one case both ways, keep a sheet of hole, both fills and truth; yield what was found."""
    tiles = [case.photo]
    for name, lines in WAYS.items():
        picture, seconds, _ = ours("patch", case.photo, case.mask, lines=lines)
        tiles.append(picture)
        yield {
            "case": case.name,
            "kind": case.kind,
            "way": name,
            "lines": [_row(line_error(picture, case.truth, p, case.mask)) for p in case.paths],
            "look": look(picture, case.truth, case.mask),
            "cpu_s": seconds,
        }
    tiles.append(case.truth)
    box = Box.of_mask(case.mask).pad(24).clamp(Box.of_shape(case.mask.shape)).slices
    sheet = np.hstack([np.pad(tile[box], ((0, 0), (0, 4), (0, 0))) for tile in tiles])
    cv2.imwrite(str(out / f"{case.name}.png"), sheet[..., ::-1])


def _row(found: Found) -> dict[str, float]:
    return {"share": found.share, "missing": found.missing, "off_px": found.off_px,
            "continues": float(found.continues)}  # fmt: skip


def table(rows: list[Row]) -> str:
    """Return the means by kind and way."""
    text = [f"{'':18}{'lines':>6}{'continue':>10}{'in 1 px':>9}{'missing':>9}{'px off':>8}"
            f"{'look':>8}{'CPU s':>8}"]  # fmt: skip
    for kind in ("photo", *SCENES, ""):
        for way in WAYS:
            some = [r for r in rows if r["way"] == way and kind in ("", r["kind"])]
            lines = list(chain.from_iterable(r["lines"] for r in some))
            if not lines:
                continue
            mean = {key: float(np.mean([line[key] for line in lines])) for key in lines[0]}
            look_, seconds = (float(np.mean([r[key] for r in some])) for key in ("look", "cpu_s"))
            text.append(
                f"{kind or 'all':10}{way:8}{len(lines):6}{mean['continues']:10.3f}"
                f"{mean['share']:9.3f}{mean['missing']:9.3f}{mean['off_px']:8.2f}"
                f"{look_:8.4f}{seconds:8.3f}"
            )
    return "\n".join(text)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=Path, nargs="*", default=[], help="folders of photos")
    parser.add_argument("--out", type=Path, required=True, help="folder for sheets and figures")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--half", type=int, choices=(0, 1), default=0, help="which photos")
    parser.add_argument("--count", type=int, default=48, help="photos")
    parser.add_argument("--drawn", type=int, default=7, help="drawn scenes of every kind")
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    cv2.setNumThreads(1)
    warm(RunToken())
    photos = photo_cases(asked.photos, half=asked.half, count=asked.count, seed=asked.seed)
    rows: list[Row] = []
    for case in chain(photos, drawn_cases(count=asked.drawn, seed=asked.seed)):
        rows += measured(case, asked.out)
    (asked.out / "lines.json").write_text(json.dumps(rows, indent=1))
    print(table(rows))


if __name__ == "__main__":
    main()
