"""The one table of readings: what they are called, how they are explained, what they cost.

`worse` says which side of the band speaks against an edit. `vetoes` readings reject on their
own. Signs of a fault are small models of their own over the cheap readings, fitted to that fault
planted in right edits (`gating.train`); beyond their limit they reject by themselves. The others
are shown, explained and weighed by the risk model. Probes are not weighed: on the labelled edits
whose recipe can be repeated (71, diffusion) they lowered the held-out AUC of the risk from 0.99 to
0.97; a recipe that fails on known ground by 0.04 (four times the worst good edit) is a veto.
`too_high` and `too_low` are the sentences a person reads. A row that is not `judged` has no band:
it says "hard", not "bad".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from inpaint_studio.gating.readings import (
    change,
    colour,
    consensus,
    copies,
    foreign,
    forms,
    joint,
    lines,
    rim,
    seam,
    shapes,
    strokes,
    structure,
    texture,
    things,
    zones,
)
from inpaint_studio.gating.readings.base import Measured
from inpaint_studio.gating.scene import Scene


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One reading. `measure` is None where the judge itself calls it (it needs more than a scene);
    what it returns is None where it cannot be taken here.

    high, low: the band where it is a definition (0 leaking pixels, 2.3 ΔE); else the band comes
    from what good edits show (`resources/gates`). part_of: the reading whose evidence this is
    another number of; it shares its place and map. weighs: the readings whose numbers a fault's
    signs are made of; shown_by: whose place they take (else that of the reading that says most).
    alarms: False where an extreme value can be
    right (a faint watermark removed hardly changes a thing).
    """

    name: str
    label: str
    unit: str = ""
    worse: Literal["high", "low", "both"] = "high"
    cost: Literal["cheap", "witness", "fault", "probe", "semantic"] = "cheap"
    measure: Callable[[Scene], Measured | None] | None = None
    vetoes: bool = False
    judged: bool = True
    alarms: bool = True
    part_of: str = ""
    weighs: tuple[str, ...] = ()
    shown_by: str = ""
    high: float | None = None
    low: float | None = None
    too_high: str = ""
    too_low: str = ""
    event: str = ""


_DETAIL = (
    "high_freq_power_ratio", "spectral_consistency", "texture_amplitude", "sharpness",
    "texture_support", "gradient_distribution", "join", "new_colour", "ring_back", "prior",
)  # fmt: skip
_FOREIGN = (
    "closed_shape", "spot", "island", "strange_patch", "new_colour", "texture_support",
    "texture_amplitude", "high_freq_power_ratio", "spectral_consistency", "sharpness",
    "gradient_distribution", "edge_continuation", "join", "prior",
)  # fmt: skip

ROWS: tuple[Row, ...] = (
    Row(name="leak", label="Pixels changed outside the mask", unit="px", vetoes=True, high=0.0,
        too_high="Pixels outside the mask were changed.", event="outside_changed"),
    Row(name="known_ground", label="Known ground to the hole's area", unit="share", worse="low",
        vetoes=True, low=0.05,
        too_low="Hardly anything around the hole is known: nothing tells if the fill is right.",
        event="too_little_known"),
    Row(name="seam", label="Step across the edge", unit="ΔE", measure=seam.seam,
        too_high="A seam shows along the edge of the fill.", event="seam_detected"),
    Row(name="tint", label="Colour off along the whole edge", unit="ΔE", part_of="seam",
        too_high="The whole fill is a little off in colour.", event="colour_step_detected"),
    Row(name="strip_colour", label="Colour either side of the edge", unit="ΔE",
        measure=seam.strip_colour,
        too_high="The fill has another colour than what lies beside it.",
        event="colour_step_detected"),
    Row(name="join", label="Roughness across the edge", unit="octaves", measure=joint.join,
        too_high="The fill does not go on from its surroundings pixel by pixel.",
        event="rough_joint_detected"),
    Row(name="light_step", label="Light off along the whole edge", unit="ΔE", part_of="join",
        too_high="The whole fill is a little too light or too dark.", event="seam_detected"),
    Row(name="colour_step", label="Hue off along the whole edge", unit="ΔE", part_of="join",
        too_high="The whole fill has a slightly different hue.", event="colour_step_detected"),
    Row(name="displacement", label="Gain if the fill lay 1 to 3 px aside", unit="octaves",
        part_of="join", too_high="The fill would fit better a pixel or more to the side.",
        event="displaced_fill_detected"),
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
    Row(name="sharpness", label="Sharpness against surroundings", unit="octaves", worse="both",
        measure=texture.sharpness,
        too_high="The fill is sharper or noisier than its surroundings.",
        too_low="The fill is softer than its surroundings.", event="sharpness_mismatch_detected"),
    Row(name="new_colour", label="Colours not found nearby", unit="share",
        measure=colour.new_colour,
        too_high="The fill shows colours that its surroundings do not have.",
        event="new_colour_detected"),
    Row(name="spot", label="Strongest spot against surroundings", unit="octaves",
        measure=foreign.spot,
        too_high="A spot in the fill stands out from everything around it.",
        event="foreign_spot_detected"),
    Row(name="island", label="Shape that stands alone", unit="octaves", measure=foreign.island,
        too_high="A shape in the fill is connected to nothing around it.",
        event="foreign_shape_detected"),
    Row(name="closed_shape", label="Strongest shape with an outline of its own", unit="ΔE",
        measure=shapes.closed_shape,
        too_high="A closed shape stands out in the fill.", event="foreign_shape_detected"),
    Row(name="enclosed", label="Hardest steps all around a zone", unit="ΔE",
        measure=zones.enclosed,
        too_high="Something in the fill ends from one pixel to the next all around.",
        event="foreign_shape_detected"),
    Row(name="letter_strokes", label="Strokes of one colour in a row", unit="log2 px",
        measure=zones.letter_strokes,
        too_high="Small strokes of one colour stand side by side in the fill, as letters do.",
        event="foreign_strokes_detected"),
    Row(name="thin_strokes", label="Thin strokes of one ink in a row", unit="log2",
        measure=strokes.thin_strokes,
        too_high="Thin strokes of one ink stand in a row in the fill, as letters do.",
        event="foreign_strokes_detected"),
    Row(name="lone_thing", label="Likeliest thing put into the fill", unit="log odds",
        measure=things.lone_thing,
        too_high="A part of the fill has an outline and colours of its own, as a thing put there.",
        event="foreign_thing_detected"),
    Row(name="strange_patch", label="Strangest patch against surroundings", unit="octaves",
        measure=foreign.strange_patch,
        too_high="Some patches of the fill look like nothing around them.",
        event="foreign_patch_detected"),
    Row(name="copied_piece", label="Copied piece joined to nothing", unit="ΔE",
        measure=copies.copied_piece, vetoes=True, high=5.0,
        too_high="A piece of another part of the photo stands in the fill, joined to nothing.",
        event="copied_piece_detected"),
    Row(name="repetition", label="Texture set twice", unit="σ", measure=foreign.repetition,
        too_high="Part of the fill shows the same texture twice.", event="repetition_detected"),
    Row(name="residue", label="Rest of the removed thing at the rim", unit="share",
        measure=change.residue,
        too_high="Something of what was removed is left along the edge.", event="residue_detected"),
    Row(name="ghost", label="Removed thing showing through", unit="share", high=0.04,
        measure=change.ghost,
        too_high="What was removed still shows through.", event="ghost_detected"),
    # To take something away is to change much: only a hole that looks as before is worth a word.
    Row(name="ssim", label="Likeness before and after", measure=change.ssim, alarms=False,
        too_high="The hole looks as it did before.", event="unchanged"),
    Row(name="texture_support", label="Texture found nearby", unit="octaves",
        measure=texture.texture_support,
        too_high="The fill's texture is like nothing around it.",
        event="texture_mismatch_detected"),
    Row(name="gradient_distribution", label="Edges and gradients against surroundings",
        unit="share", measure=texture.gradient_distribution,
        too_high="The fill's edges are weaker or stronger than around it.",
        event="gradient_mismatch_detected"),
    Row(name="edge_continuation", label="Edges that end at the fill", unit="share",
        measure=structure.edge_continuation,
        too_high="Lines that meet the fill do not go on inside it.", event="broken_edges_detected"),
    Row(name="line_break", label="Strongest line that ends at the edge", unit="octaves",
        measure=lines.line_break,
        too_high="A line that meets the fill ends at its edge, or one in the fill begins there.",
        event="line_ends_detected"),
    Row(name="line_step", label="Lines that go on beside their place", unit="px",
        part_of="line_break", too_high="Lines go on inside the fill a little aside of their place.",
        event="line_steps_detected"),
    Row(name="rim_break", label="Worst stretch of the edge", unit="octaves",
        measure=rim.rim_break,
        too_high="In one place the fill does not take up what arrives at its edge.",
        event="edge_break_detected"),
    Row(name="ring_back", label="Surroundings rebuilt from the fill", unit="octaves",
        measure=structure.ring_back,
        too_high="The fill does not lead over to what lies around it.",
        event="mismatch_at_edge_detected"),
    Row(name="light_break", label="Light running on from the edge", unit="ΔE",
        measure=consensus.light_break,
        too_high="Light or colour breaks at the edge of the fill.", event="light_break_detected"),
    Row(name="prior", label="How hard the hole is", unit="levels", measure=texture.prior,
        judged=False),
    Row(name="patch_support", label="Patches found in known ground", unit="octaves",
        cost="witness", measure=structure.patch_support,
        too_high="The fill is put together from pieces that exist nowhere around it.",
        event="invented_patches_detected"),
    Row(name="consensus", label="Distance to the nearest simple fill", unit="ΔE", cost="witness",
        measure=consensus.consensus,
        too_high="The fill shows something that its surroundings do not call for.",
        event="no_consensus"),
    Row(name="unseen_form", label="Form found nowhere around", cost="witness",
        measure=forms.unseen_form,
        too_high="The fill shows a form that nothing around it has: something is cut off, joined "
        "wrongly or made up.", event="unseen_form_detected"),
    Row(name="seam_signs", label="Signs of a seam", unit="log odds", cost="fault",
        weighs=("seam", "join", "strip_colour", "light_break", "residue", "prior"),
        too_high="The fill is lighter or darker than what lies beside it; its edge shows.",
        event="seam_detected"),
    Row(name="hue_signs", label="Signs of another hue", unit="log odds", cost="fault",
        weighs=("seam", "join", "strip_colour", "light_break", "new_colour", "prior"),
        too_high="The fill has another hue than what lies beside it.",
        event="colour_step_detected"),
    Row(name="blur_signs", label="Signs of blur", unit="log odds", cost="fault",
        weighs=_DETAIL, too_high="The fill is blurred against its surroundings.",
        event="texture_mismatch_detected"),
    Row(name="texture_signs", label="Signs of doubled detail", unit="log odds", cost="fault",
        weighs=_DETAIL,
        too_high="The fill's detail is too strong for its surroundings.",
        event="texture_mismatch_detected"),
    Row(name="repeat_signs", label="Signs of repeated texture", unit="log odds", cost="fault",
        weighs=("repetition", "join", "edge_continuation", "ring_back", "prior"),
        too_high="Part of the fill shows the same texture twice.", event="repetition_detected"),
    Row(name="ghost_signs", label="Signs of a ghost", unit="log odds", cost="fault",
        weighs=("ghost", "join", "residue", "ssim", "new_colour", "seam", "texture_support",
                "prior"),
        too_high="What was removed still shows through faintly.", event="ghost_detected"),
    Row(name="letters_signs", label="Signs of letters", unit="log odds", cost="fault",
        weighs=(*_FOREIGN, "enclosed", "letter_strokes", "thin_strokes"),
        too_high="Strokes like letters stand in the fill.",
        event="foreign_strokes_detected"),
    Row(name="pasted_signs", label="Signs of a foreign thing", unit="log odds", cost="fault",
        weighs=(*_FOREIGN, "enclosed", "letter_strokes", "lone_thing"), shown_by="lone_thing",
        too_high="Something stands in the fill that belongs to nothing around it.",
        event="foreign_object_detected"),
    Row(name="shift_signs", label="Signs of displacement", unit="log odds", cost="fault",
        weighs=("join", "edge_continuation", "seam", "ring_back", "prior"),
        too_high="The fill lies beside its place: it would fit better a pixel or two aside.",
        event="displaced_fill_detected"),
    Row(name="ending_signs", label="Signs of a line that ends", unit="log odds", cost="fault",
        weighs=("line_break", "rim_break", "edge_continuation", "join", "strip_colour",
                "ring_back", "spot", "closed_shape", "gradient_distribution", "prior"),
        too_high="A line or border of something ends at the fill though it should go on.",
        event="line_ends_detected"),
    Row(name="stepped_signs", label="Signs of a line that steps", unit="log odds", cost="fault",
        weighs=("line_break", "rim_break", "edge_continuation", "join", "seam", "ring_back",
                "prior"),
        too_high="A line or border steps aside where it enters the fill.",
        event="line_steps_detected"),
    Row(name="floating_signs", label="Signs of a piece that floats", unit="log odds",
        cost="fault", weighs=(*_FOREIGN, "line_break", "rim_break", "copied_piece"),
        too_high="A piece of something floats in the fill, joined to nothing.",
        event="floating_piece_detected"),
    Row(name="reconstruction_mse", label="Rebuilding known ground", cost="probe", vetoes=True,
        high=0.04,
        too_high="The same recipe fails on known ground beside the hole.", event="probe_failed"),
    Row(name="sensitivity", label="Change when the mask is jittered", unit="ΔE", cost="probe",
        too_high="A slightly different mask gives a quite different fill.",
        event="unstable_fill_detected"),
    Row(name="ink_left", label="Ink of the letters left beside them", unit="px", cost="semantic",
        vetoes=True, high=0.0,
        too_high="Something of the removed letters' ink and shape is left beside them.",
        event="ink_left_detected"),
    Row(name="specks_left", label="Specks of the letters' ink", unit="px", cost="semantic",
        vetoes=True, high=0.0,
        too_high="Specks of the removed letters' ink are left in the fill or at its edge.",
        event="specks_left_detected"),
    Row(name="overlay_left", label="Letters' shadow or glow beside them", unit="ΔE",
        cost="semantic", vetoes=True, high=0.0,
        too_high="A shadow, glow or outline of the removed letters is left beside the mask.",
        event="overlay_left_detected"),
    Row(name="effect_carried", label="Letters' shadow or glow in the fill", unit="ΔE",
        cost="semantic", vetoes=True, high=0.0,
        too_high="A shadow or glow of the removed letters was carried on into the fill.",
        event="effect_carried_detected"),
    Row(name="traces_left", label="JPEG traces of the letters", unit="px",
        cost="semantic", vetoes=True, high=0.0,
        too_high="The photo was saved as a JPEG with these letters, and traces of them are left "
        "beside the mask.",
        event="traces_left_detected"),
    Row(name="relief_left", label="Relief of the mark beside the mask", unit="px", cost="semantic",
        vetoes=True, high=0.0,
        too_high="Part of the removed mark's relief stands beside the mask.",
        event="relief_left_detected"),
    Row(name="thing_left", label="Rest of the thing beside the mask", unit="px", cost="semantic",
        vetoes=True, high=0.0,
        too_high="Part of the removed thing stands beside the mask.",
        event="thing_left_detected"),
    Row(name="letters_left", label="Letters left", unit="characters", cost="semantic", vetoes=True,
        high=0.0, too_high="Letters of what was removed can still be read.",
        event="letters_left_detected"),
    Row(name="new_text", label="Letters that were not there", unit="characters", cost="semantic",
        vetoes=True, high=0.0, too_high="The fill reads as text that was not there before.",
        event="new_text_detected"),
    Row(name="new_object", label="Object that was not there", unit="score", cost="semantic",
        vetoes=True, high=0.0, too_high="The fill shows an object that was not there before.",
        event="new_object_detected"),
    Row(name="face_part", label="Part of a face that was filled", unit="share", cost="semantic",
        vetoes=True, high=0.08,
        too_high="Part of a face was filled; nothing around it tells what belongs there.",
        event="face_filled"),
)  # fmt: skip

_BY_NAME = {row.name: row for row in ROWS}


def row(name: str) -> Row:
    """Return the reading's row. Raises: KeyError."""
    return _BY_NAME[name]


def parts(name: str) -> tuple[Row, ...]:
    """Return the rows that are further numbers of this reading's evidence."""
    return tuple(row for row in ROWS if row.part_of == name)


def cheap() -> tuple[Row, ...]:
    """Return the readings that are always made from the pair alone."""
    return tuple(row for row in ROWS if row.cost == "cheap" and row.measure is not None)


def witnesses() -> tuple[Row, ...]:
    """Return the dearer readings that need only the pair."""
    return tuple(row for row in ROWS if row.cost == "witness" and row.measure is not None)


def faults() -> tuple[Row, ...]:
    """Return the readings that sum up the signs of one fault."""
    return tuple(row for row in ROWS if row.cost == "fault")
