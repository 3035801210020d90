"""The one table of readings: what they are called, how they are explained, what they cost.

`worse` says which side of the band speaks against an edit. `vetoes` readings reject on their
own; all others are shown, explained and weighed by the risk model. `too_high` and `too_low`
are the sentences a person reads.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from inpaint_studio.gating.readings import change, colour, seam, texture
from inpaint_studio.gating.readings.base import Measured
from inpaint_studio.gating.scene import Scene


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One reading. `measure` is None where the judge itself calls it (it needs more than a scene).

    high, low: the band where it is a definition (0 leaking pixels, 2.3 ΔE); else the band comes
    from what good edits show (`resources/gates`).
    """

    name: str
    label: str
    unit: str = ""
    worse: Literal["high", "low", "both"] = "high"
    cost: Literal["cheap", "dear", "semantic"] = "cheap"
    measure: Callable[[Scene], Measured] | None = None
    vetoes: bool = False
    high: float | None = None
    low: float | None = None
    too_high: str = ""
    too_low: str = ""
    event: str = ""


ROWS: tuple[Row, ...] = (
    Row(name="leak", label="Pixels changed outside the mask", unit="px", vetoes=True, high=0.0,
        too_high="Pixels outside the mask were changed.", event="outside_changed"),
    Row(name="seam", label="Step across the edge", unit="ΔE", measure=seam.seam,
        too_high="A seam shows along the edge of the fill.", event="seam_detected"),
    Row(name="strip_colour", label="Colour either side of the edge", unit="ΔE",
        measure=seam.strip_colour,
        too_high="The fill has another colour than what lies beside it.", event="colour_step"),
    Row(name="high_freq_power_ratio", label="Fine detail against surroundings", worse="both",
        measure=texture.high_frequency_power_ratio,
        too_high="Fill is noisier than its surroundings.",
        too_low="Fill is smoother than its surroundings.", event="texture_mismatch_detected"),
    Row(name="spectral_consistency", label="Detail at four scales", unit="octaves",
        measure=texture.spectral_consistency,
        too_high="The fill's detail does not match its surroundings at every scale.",
        event="spectrum_mismatch_detected"),
    Row(name="texture_amplitude", label="Texture missing or in excess", unit="levels",
        measure=texture.texture_amplitude,
        too_high="The fill's texture is weaker or stronger than around it.",
        event="texture_mismatch_detected"),
    Row(name="new_colour", label="Colours not found nearby", unit="share",
        measure=colour.new_colour,
        too_high="The fill shows colours that its surroundings do not have.",
        event="new_colour_detected"),
    Row(name="residue", label="Rest of the removed thing at the rim", unit="share",
        measure=change.residue,
        too_high="Something of what was removed is left along the edge.", event="residue_detected"),
    Row(name="ghost", label="Removed thing showing through", unit="correlation",
        measure=change.ghost,
        too_high="What was removed still shows through.", event="ghost_detected"),
    Row(name="ssim", label="Likeness before and after", worse="both", measure=change.ssim,
        too_high="The hole looks as it did before.", event="unchanged"),
    Row(name="reconstruction_mse", label="Rebuilding known ground", cost="dear",
        too_high="The same recipe fails on known ground beside the hole.", event="probe_failed"),
    Row(name="letters_left", label="Letters left", unit="characters", cost="semantic", vetoes=True,
        high=0.0, too_high="Letters of what was removed can still be read.",
        event="letters_left_detected"),
    Row(name="new_text", label="Letters that were not there", unit="characters", cost="semantic",
        vetoes=True, high=0.0, too_high="The fill reads as text that was not there before.",
        event="new_text_detected"),
    Row(name="new_object", label="Object that was not there", unit="score", cost="semantic",
        vetoes=True, high=0.0, too_high="The fill shows an object that was not there before.",
        event="new_object_detected"),
)  # fmt: skip

_BY_NAME = {row.name: row for row in ROWS}


def row(name: str) -> Row:
    """Return the reading's row. Raises: KeyError."""
    return _BY_NAME[name]
