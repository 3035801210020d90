"""`calibrate`: what the audited verdicts allow to promise; train gates from labelled edits."""

from __future__ import annotations

import argparse
from pathlib import Path

from inpaint_studio.app import Studio
from inpaint_studio.cli.output import DONE, FLAGGED, Output, Subparsers, library_path
from inpaint_studio.errors import BadSetting
from inpaint_studio.records import to_json
from inpaint_studio.review import calibration
from inpaint_studio.review.facts import gather


def add_parser(subparsers: Subparsers, common: argparse.ArgumentParser) -> None:
    parser = subparsers.add_parser(
        "calibrate",
        parents=[common],
        help="what threshold the audited verdicts carry; apply it, or train a gate model",
    )
    parser.add_argument("--limit", type=float, default=0.02, metavar="SHARE",
                        help="bad among auto-accepted at most (0.02 = 2 %%)")  # fmt: skip
    parser.add_argument("--apply", action="store_true", help="put the threshold in force")
    parser.add_argument("--withdraw", action="store_true", help="back to the built-in gate set")
    parser.add_argument("--by", default="", metavar="NAME", help="who decides, kept with the set")
    parser.add_argument("--edits", type=Path, help="train from a folder with labels.csv")
    parser.add_argument("-o", "--output", type=Path, help="gate file to write (with --edits)")


def run(args: argparse.Namespace) -> int:
    """Returns: 0 a promise holds (or something was done), 3 the evidence carries none."""
    output = Output(as_json=args.json)
    if not 0 < args.limit < 1:
        raise BadSetting(f"--limit must lie between 0 and 1, not {args.limit:g}.")
    if args.edits is not None:
        return _train(args, output)
    if args.withdraw:
        calibration.withdraw()
        output.say("The built-in gate set is in force.")
        output.document({"withdrawn": True})
        return DONE
    with Studio.open(library_path(args), wait_s=5.0) as studio:
        facts = gather(studio.library)
        found = calibration.outlook(facts, args.limit, names=calibration.names_of(studio.library))
    version = calibration.apply(found.warranty, reviewer=args.by) if args.apply else ""
    output.document(
        {
            "warranty": to_json(found.warranty),
            "threshold_now": found.threshold_now,
            "more_reviews": to_json(found.steps),
            "drift": to_json(found.drift) if found.drift else None,
            "caveat": found.caveat,
            "applied": version,
            "versions": calibration.versions(),
        }
    )
    output.say(found.warranty.sentence)
    if found.caveat:
        output.say(found.caveat)
    for step in found.steps:
        output.say(f"{step.more} more clean audits would bring the bound to {step.bound:.2%}.")
    if found.drift is not None:
        output.say(found.drift.sentence)
    if version:
        output.say(f"Gate set {version} is in force.")
    return DONE if found.warranty.threshold is not None else FLAGGED


def _train(args: argparse.Namespace, output: Output) -> int:
    from inpaint_studio.gating import train

    if args.output is None:
        raise BadSetting("Name the gate file to write with -o when training from --edits.")
    if not (args.edits / "labels.csv").is_file():
        raise BadSetting(f"{args.edits} holds no labels.csv; see the README, Gates.")
    words = ["--edits", str(args.edits), "-o", str(args.output)]
    code = train.main(words)
    output.say(f"wrote {args.output}")
    return code
