"""The one table of proposers, and the one function that asks them."""

from __future__ import annotations

from collections.abc import Sequence

from inpaint_studio.arrays import Pixels
from inpaint_studio.errors import BadSetting
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.proposals.base import Proposal, Proposer
from inpaint_studio.proposals.blemishes import propose_blemishes
from inpaint_studio.proposals.logos import propose_logos
from inpaint_studio.proposals.objects import propose_objects
from inpaint_studio.proposals.text import propose_text
from inpaint_studio.records import Kind
from inpaint_studio.vision.readers import Readers

PROPOSERS: dict[Kind, Proposer] = {
    "text": propose_text,
    "object": propose_objects,
    "blemish": propose_blemishes,
    "logo": propose_logos,
}


def propose(
    pixels: Pixels, kinds: Sequence[Kind], readers: Readers, token: RunToken
) -> list[Proposal]:
    """Return what the program suggests to remove from an sRGB photo, by the given kinds.

    Order: kinds as given, each best first. Raises: BadSetting, Missing, Cancelled.
    """
    unknown = [kind for kind in kinds if kind not in PROPOSERS]
    if "watermark" in unknown:
        raise BadSetting(
            "A watermark is found by comparing at least four photos of one size: put them into "
            "a folder and use `batch FOLDER -o OUT --propose watermark`."
        )
    if unknown:
        raise BadSetting(
            f"Nothing is proposed for the kind {unknown[0]!r}; choose one of "
            f"{', '.join(PROPOSERS)}."
        )
    found: list[Proposal] = []
    for number, kind in enumerate(kinds):
        part = token.within(number / len(kinds), (number + 1) / len(kinds), f"proposing {kind}")
        found += PROPOSERS[kind](pixels, readers, part)
    token.step(1.0, "proposing")
    return found
