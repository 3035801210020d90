"""`propose`: masks the program suggests for a photo."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from inpaint_studio.cli.output import DONE, Output, Subparsers
from inpaint_studio.errors import BadSetting
from inpaint_studio.imaging.color import space_of
from inpaint_studio.imaging.photo import open_photo, write_mask
from inpaint_studio.proposals.table import propose
from inpaint_studio.records import KINDS, Kind, to_json
from inpaint_studio.vision.readers import Readers


def add_parser(subparsers: Subparsers, common: argparse.ArgumentParser) -> None:
    parser = subparsers.add_parser(
        "propose", parents=[common], help="suggest masks: text, objects, blemishes, logos"
    )
    parser.add_argument("photo", type=Path, metavar="PHOTO")
    parser.add_argument("--kind", default="text", help="text,object,blemish,logo")
    parser.add_argument(
        "--mask",
        type=Path,
        default=None,
        metavar="OUT.png",
        help="write all that was found as one mask",
    )
    parser.add_argument(
        "--automatic", action="store_true", help="only what two independent signals agree on"
    )
    parser.add_argument("--at-least", type=float, default=0.0, metavar="0..1", help="confidence")
    parser.add_argument("--overwrite", action="store_true", help="let OUT.png be replaced")


def kinds_of(words: str) -> tuple[Kind, ...]:
    """Return the kinds named in `text,object`, in the table's order. Raises: BadSetting."""
    kinds: list[Kind] = []
    for word in (part.strip() for part in words.split(",") if part.strip()):
        known = next((kind for kind in KINDS if kind == word and kind != "painted"), None)
        if known is None:
            offered = ", ".join(kind for kind in KINDS if kind != "painted")
            raise BadSetting(f"There is no kind {word!r} to propose; choose from {offered}.")
        kinds.append(known)
    if not kinds:
        raise BadSetting("Name at least one kind to propose, for example --kind text.")
    return tuple(kind for kind in KINDS if kind in kinds)


def run(args: argparse.Namespace) -> int:
    output = Output(as_json=args.json)
    kinds = kinds_of(args.kind)
    photo = open_photo(args.photo)
    with output.progress("looking") as token:
        srgb = space_of(photo.icc).to_srgb8(photo.pixels)
        found = [
            p
            for p in propose(srgb, kinds, Readers(), token)
            if p.record.confidence >= args.at_least and (p.record.automatic or not args.automatic)
        ]
    if args.mask is not None:
        mask = np.zeros(photo.shape, dtype=bool)
        for proposal in found:
            mask |= proposal.full_mask(photo.shape)
        write_mask(mask, args.mask, overwrite=args.overwrite)
    output.document(
        {
            "photo": str(args.photo),
            "proposals": [{**to_json(p.record), "pixels": int(p.mask.sum())} for p in found],
            "mask": str(args.mask) if args.mask else None,
        }
    )
    output.table(
        "",
        ("kind", "confidence", "automatic", "pin", "text", "why"),
        [
            (
                p.record.kind,
                f"{p.record.confidence:.2f}",
                "yes" if p.record.automatic else "no",
                p.record.pin,
                p.record.text,
                p.record.reason,
            )
            for p in found
        ],
    )
    if not found:
        output.say("Nothing of that kind was found.")
    elif args.mask is not None:
        unsure = sum(not p.record.automatic for p in found)
        words = "1 proposal" if len(found) == 1 else f"{len(found)} proposals"
        words += f", {unsure} of them only suggested" if unsure else ""
        output.say(f"wrote {args.mask}: {words}")
        if unsure:
            output.say("Look at the mask first, or write only the sure ones with --automatic.")
        if kinds == ("text",):
            output.say("Fill it with --kind text, so that the text engine takes it.")
    return DONE
