"""`batch`: a folder through the road; the good to the output, the doubtful to the queue."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from inpaint_studio.app import Studio
from inpaint_studio.cli.output import (
    BAD_INPUT,
    CANCELLED,
    DONE,
    FLAGGED,
    Output,
    Subparsers,
    library_path,
    review_command,
)
from inpaint_studio.cli.propose import kinds_of
from inpaint_studio.errors import BadPhoto, BadSetting, Cancelled
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.pipeline.road import require
from inpaint_studio.records import KINDS
from inpaint_studio.review.batch import Batch
from inpaint_studio.review.batch_plan import BatchOptions, run_options
from inpaint_studio.review.batch_progress import BatchProgress
from inpaint_studio.review.deliver import deliver, pending
from inpaint_studio.routing.onward import MOST_TRIES
from inpaint_studio.store.rows import BatchItemRow


def add_parser(subparsers: Subparsers, common: argparse.ArgumentParser) -> None:
    parser = subparsers.add_parser(
        "batch", parents=[common], help="a whole folder; what is doubtful waits in the queue"
    )
    parser.add_argument("folder", type=Path, nargs="?", metavar="FOLDER")
    parser.add_argument("-o", "--output", type=Path, metavar="OUT")
    parser.add_argument("--propose", default="", metavar="KINDS", help=f"of {', '.join(KINDS)}")
    parser.add_argument("--mask", type=Path, default=None, help="one mask for every photo")
    parser.add_argument("--masks", type=Path, default=None, help="folder with NAME.png for NAME.*")
    parser.add_argument("--pattern", default="*", help="glob of file names")
    parser.add_argument("--flat", action="store_true", help="leave folders inside FOLDER out")
    parser.add_argument(
        "--sure",
        type=float,
        default=0.8,
        metavar="0..1",
        help="proposals less sure than this always wait for a person",
    )
    parser.add_argument("--engine", default="auto")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--budget", default=None, choices=("cheap", "auto", "full"))
    parser.add_argument(
        "--tries",
        type=int,
        default=1,
        choices=range(1, MOST_TRIES + 1),
        help="fills a flagged region may have before it waits for a person",
    )
    parser.add_argument(
        "--audit",
        type=float,
        default=None,
        metavar="0..1",
        help="share of accepted edits that a person sees all the same",
    )
    parser.add_argument(
        "--double",
        type=float,
        default=0.0,
        metavar="0..1",
        help="share of review items that two people must agree on",
    )
    parser.add_argument("--workers", type=int, default=0, help="0: as memory and cores allow")
    parser.add_argument("--resume", action="store_true", help="go on with the folder's batch")
    parser.add_argument("--retry-failed", action="store_true", help="run failed photos again")
    parser.add_argument(
        "--retry-flagged",
        nargs="?",
        const="",
        default=None,
        metavar="REASON",
        help="run those again that wait for REASON (any), with --engine",
    )
    parser.add_argument(
        "--deliver",
        action="store_true",
        help="only bring decisions made since to the output folder",
    )
    parser.add_argument("--list", action="store_true", help="list the library's batches")
    parser.add_argument("--report", type=Path, default=None, metavar="FILE",
                        help="write a report (.html or .pdf) at the end")  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Returns: 0 every photo delivered, 3 some wait in the queue, 2 some failed, 130 stopped."""
    output = Output(as_json=args.json)
    if not args.list and args.folder is not None and not args.folder.is_dir():
        raise BadPhoto(f"There is no folder {args.folder}; check the name.")
    with Studio.open(library_path(args), wait_s=5.0) as studio:
        if args.list:
            return _list(studio, output)
        batch = _batch(args, studio)
        rows: list[BatchItemRow] = []
        progress = batch.progress()
        stopped = False
        try:
            with output.progress(Path(batch.row.folder).name) as token:
                if not args.deliver:
                    _retry(args, batch)
                    progress = _run(batch, token, output, rows, args.workers)
                delivered = deliver(studio.library, pending(studio.library, batch.batch_id))
        except Cancelled:
            stopped, delivered = True, None
        if args.report is not None:
            from inpaint_studio.review.report_file import write_report

            write_report(studio.library, args.report, batch_id=batch.batch_id)
            output.say(f"wrote {args.report}")
        progress = replace(
            batch.progress(), per_minute=progress.per_minute, peak_mb=progress.peak_mb,
            workers=progress.workers,
        )  # fmt: skip
        output.document(
            _document(batch, progress)
            | {
                "stopped": stopped,
                "delivered": delivered.written if delivered else 0,
                "withdrawn": delivered.withdrawn if delivered else 0,
            }
        )
        _say(output, batch, progress)
    if stopped:
        output.error("Stopped; `batch --resume` goes on where it was.")
        return CANCELLED
    return exit_code(progress.counts)


def exit_code(counts: dict[str, int]) -> int:
    """Return what the batch ends with: failed photos are the user's to mend, flagged ones wait."""
    if counts.get("failed") or counts.get("set aside"):
        return BAD_INPUT
    return FLAGGED if counts.get("flagged") else DONE


def _batch(args: argparse.Namespace, studio: Studio) -> Batch:
    if args.folder is None:
        raise BadSetting("Name the folder of photos: `inpaint-studio batch FOLDER -o OUT`.")
    if args.engine != "auto":
        require(args.engine)
    asked = args.propose or args.mask or args.masks
    if args.resume or args.deliver or not asked:
        return Batch.latest(studio.library, args.folder, args.output)
    if args.output is None:
        raise BadSetting("Name the folder for the results: `-o OUT`.")
    share = args.audit if args.audit is not None else float(studio.settings["audit_share"])
    retrying = args.retry_flagged is not None
    engine = "auto" if retrying else args.engine
    asked_run = {"engine": engine, "seed": args.seed, "tries": args.tries}
    if args.budget:
        asked_run["budget"] = args.budget
    options = BatchOptions(
        propose=kinds_of(args.propose) if args.propose else (),
        mask=str(args.mask.absolute()) if args.mask else "",
        masks=str(args.masks.absolute()) if args.masks else "",
        pattern=args.pattern,
        recursive=not args.flat,
        sure=args.sure,
        audit_share=share,
        double_share=args.double,
        run=run_options(studio.settings, **asked_run),
    )
    return Batch.plan(studio.library, args.folder, args.output, options)


def _retry(args: argparse.Namespace, batch: Batch) -> None:
    if args.retry_failed:
        batch.retry_failed()
    if args.retry_flagged is not None:
        engine = "" if args.engine == "auto" else args.engine
        batch.retry_flagged(gate=args.retry_flagged, engine=engine)


def _run(
    batch: Batch, token: RunToken, output: Output, rows: list[BatchItemRow], workers: int
) -> BatchProgress:
    def listen(progress: BatchProgress, row: BatchItemRow | None) -> None:
        if row is not None:
            rows.append(row)
            note = f" · {row.message}" if row.message else ""
            output.say(f"{row.state:9} {Path(row.path).name} · {row.seconds:.1f} s{note}")

    return batch.run(token, listen, workers=workers)


def _document(batch: Batch, progress: BatchProgress) -> dict[str, Any]:
    return {
        "batch": batch.batch_id,
        "folder": batch.row.folder,
        "output": batch.row.output,
        "counts": progress.counts,
        "per_minute": round(progress.per_minute, 2),
        "peak_mb": round(progress.peak_mb, 1),
        "workers": progress.workers,
        "photos": [_row(row) for row in batch.items()],
    }


def _row(row: BatchItemRow) -> dict[str, Any]:
    return {
        "photo": row.path,
        "state": row.state,
        "output": row.output if row.output_sha256 else "",
        "runs": list(json.loads(row.data).get("runs", ())),
        "message": row.message,
        "seconds": round(row.seconds, 3),
        "attempts": row.attempts,
    }


def _say(output: Output, batch: Batch, progress: BatchProgress) -> None:
    counts: Sequence[str] = [f"{n} {state}" for state, n in sorted(progress.counts.items())]
    rate = f" · {progress.per_minute:.1f} photos a minute" if progress.per_minute else ""
    memory = f" · {progress.peak_mb:.0f} MB a worker at most" if progress.peak_mb else ""
    output.say(f"{', '.join(counts) or 'no photos'}{rate}{memory}")
    if progress.counts.get("flagged"):
        output.say(f"the flagged ones wait in the queue: {review_command(batch.library.folder)}")


def _list(studio: Studio, output: Output) -> int:
    rows = studio.library.batches.all()
    counts = {row.batch_id: studio.library.batches.counts(row.batch_id) for row in rows}
    output.document(
        [
            {"batch": r.batch_id, "folder": r.folder, "output": r.output, "state": r.state,
             "counts": counts[r.batch_id]}
            for r in rows
        ]
    )  # fmt: skip
    output.table(
        "",
        ("batch", "folder", "output", "state", "photos"),
        [
            (r.batch_id, r.folder, r.output, r.state,
             ", ".join(f"{n} {state}" for state, n in sorted(counts[r.batch_id].items())))
            for r in rows
        ],
    )  # fmt: skip
    return DONE
