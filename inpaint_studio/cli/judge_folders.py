"""`judge` over two folders: pairs by name, one bad file stops nothing, and a page or a table."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from inpaint_studio.cli.output import BAD_INPUT, DONE, FLAGGED, Output
from inpaint_studio.errors import BadPhoto, UserError
from inpaint_studio.gating.report import ReportRow, ordered, page, summary, table
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.records import Verdict
from inpaint_studio.store.files import write_durably

SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".avif", ".jxl")

Pair: TypeAlias = tuple[Path, Path, Path | None]
JudgeOne: TypeAlias = Callable[[Path, Path, Path | None, RunToken], ReportRow]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A file that was not judged, and why (a sentence)."""

    name: str
    why: str


def run(
    args: argparse.Namespace,
    output: Output,
    judge_one: JudgeOne,
    as_json: Callable[[Verdict], dict[str, Any]],
) -> int:
    """Judge every photo of BEFORE that has a namesake in AFTER (and a mask, where masks are given).

    Returns: 2 when a pair could not be judged, else 3 when one is flagged, else 0.
    """
    pairs, left_out = find_pairs(args.before, args.after, args.mask)
    if not pairs:
        also = " and a mask of the same name" if args.mask is not None else ""
        raise BadPhoto(
            f"No photo of {args.before} has a namesake in {args.after}{also}; nothing was judged."
        )
    rows: list[ReportRow] = []
    failed: list[LeftOut] = []
    with output.progress("judging") as token:
        for index, (before, after, mask) in enumerate(pairs):
            token.step(index / len(pairs), before.name)
            quiet = RunToken(is_cancelled=lambda: token.is_cancelled)
            try:
                rows.append(judge_one(before, after, mask, quiet))
            except UserError as error:
                failed.append(LeftOut(before.name, str(error)))
    if args.report is not None:
        is_table = args.report.suffix.lower() == ".csv"
        write_durably(args.report, (table(rows) if is_table else page(rows)).encode())
    flagged = sum(not row.verdict.accepted for row in rows)
    output.document(
        {
            "edits": [{"name": row.name, **as_json(row.verdict)} for row in rows],
            "flagged": flagged,
            "left_out": [item.name for item in left_out],
            "not_judged": {item.name: item.why for item in failed},
            "report": str(args.report) if args.report else None,
        }
    )
    _show(output, rows, left_out, failed)
    return BAD_INPUT if failed else FLAGGED if flagged else DONE


def _show(
    output: Output, rows: list[ReportRow], left_out: list[LeftOut], failed: list[LeftOut]
) -> None:
    output.say(summary(rows))
    lines = [
        (
            row.name,
            "accepted" if row.verdict.accepted else "flagged",
            f"{row.verdict.risk:.2f}",
            row.verdict.summary,
        )
        for row in ordered(rows)
    ]
    output.table("", ("photo", "verdict", "risk", "why"), lines)
    for item in failed:
        output.say(f"not judged: {item.name}: {item.why}")
    for item in left_out:
        output.say(f"left out: {item.name} ({item.why})")


def find_pairs(before: Path, after: Path, mask: Path | None) -> tuple[list[Pair], list[LeftOut]]:
    """Return (before, after, mask) by name, and what lacks a partner. Raises: BadPhoto."""
    after_by = _by_stem(after)
    masks = _by_stem(mask) if mask is not None and mask.is_dir() else {}
    pairs: list[Pair] = []
    left_out: list[LeftOut] = []
    used: set[str] = set()
    for path in sorted(before.iterdir()):
        if path.suffix.lower() not in SUFFIXES:
            continue
        own = masks.get(path.stem) or masks.get(f"{path.stem}_mask")
        chosen = own or (mask if mask is not None and mask.is_file() else None)
        if path.stem not in after_by:
            left_out.append(LeftOut(path.name, f"no edit of that name in {after.name}"))
            continue
        used.add(path.stem)
        if mask is not None and chosen is None:
            left_out.append(LeftOut(path.name, f"no mask of that name in {mask.name}"))
            continue
        pairs.append((path, after_by[path.stem], chosen))
    lonely = [path for stem, path in after_by.items() if stem not in used]
    left_out += [LeftOut(p.name, f"no photo of that name in {before.name}") for p in lonely]
    return pairs, left_out


def _by_stem(folder: Path) -> dict[str, Path]:
    if not folder.is_dir():
        raise BadPhoto(f"{folder} must be a folder when BEFORE is one.")
    return {p.stem: p for p in sorted(folder.iterdir()) if p.suffix.lower() in SUFFIXES}
