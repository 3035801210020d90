"""`replay`: make a run again and prove that it is identical, or name the first difference."""

from __future__ import annotations

import argparse

from inpaint_studio.app import Studio
from inpaint_studio.cli.output import DONE, FLAGGED, Output, Subparsers, library_path


def add_parser(subparsers: Subparsers, common: argparse.ArgumentParser) -> None:
    parser = subparsers.add_parser(
        "replay", parents=[common], help="make a run again: identical, or the first difference"
    )
    parser.add_argument("run", metavar="RUN", help="run id, or the beginning of one")


def run(args: argparse.Namespace) -> int:
    """Returns: 0 identical, 3 a stage differs."""
    output = Output(as_json=args.json)
    with Studio.open(library_path(args), wait_s=5.0) as studio, output.progress("replay") as token:
        answer = studio.replay(args.run, token)
    output.document(
        {
            "run": args.run,
            "identical": answer.identical,
            "edit": answer.edit_id,
            "stage": answer.stage,
            "differences": list(answer.differences),
            "answer": answer.sentence,
        }
    )
    output.say(answer.sentence)
    return DONE if answer.identical else FLAGGED
