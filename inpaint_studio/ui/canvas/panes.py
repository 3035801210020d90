"""How the canvas is divided for each way of comparing before and after."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from inpaint_studio.geometry import Box
from inpaint_studio.ui.canvas.render import Side


class Mode(StrEnum):
    """Ways to look at an edit."""

    AFTER = "after"
    SPLIT = "split"
    SIDE = "side"
    SWIPE = "swipe"
    DIFFERENCE = "difference"
    ONION = "onion"
    MASK = "mask"


CYCLE = (Mode.SPLIT, Mode.SIDE, Mode.SWIPE, Mode.DIFFERENCE, Mode.ONION, Mode.MASK, Mode.AFTER)
TITLES = {
    Mode.AFTER: "Result",
    Mode.SPLIT: "Split",
    Mode.SIDE: "Side by side",
    Mode.SWIPE: "Swipe",
    Mode.DIFFERENCE: "Difference",
    Mode.ONION: "Onion",
    Mode.MASK: "Mask",
}
SHORT_TITLES = {Mode.SIDE.value: "Side"}
"""For a narrow window, by the mode's value."""


@dataclass(frozen=True, slots=True)
class Pane:
    """A part of the canvas that shows one side. `clip` in device pixels of the canvas;
    `shift`: what is added to the view's offset there; `label`: what stands in its corner."""

    side: Side
    clip: Box
    shift: int = 0
    label: str = ""


def viewport(mode: Mode, size: tuple[int, int]) -> tuple[int, int]:
    """(width, height) that one view of the photo has."""
    return (size[0] // 2, size[1]) if mode is Mode.SIDE else size


def panes(
    mode: Mode, size: tuple[int, int], *, split: float, before: bool, swapped: bool
) -> tuple[Pane, ...]:
    """Return the panes of a canvas of `size` device pixels.

    split: 0..1 of the width; before: the original is held up; swapped: the swipe's other half.
    """
    width, height = size
    whole = Box(0, 0, width, height)
    if before:
        return (Pane("before", whole, label="BEFORE"),)
    if mode is Mode.SPLIT:
        at = round(width * split)
        return (
            Pane("before", Box(0, 0, at, height), label="BEFORE"),
            Pane("after", Box(at, 0, width, height), label="AFTER"),
        )
    if mode is Mode.SIDE:
        half = width // 2
        return (
            Pane("before", Box(0, 0, half, height), label="BEFORE"),
            Pane("after", Box(half, 0, width, height), half, label="AFTER"),
        )
    if mode is Mode.SWIPE:
        side: Side = "before" if swapped else "after"
        return (Pane(side, whole, label=side.upper()),)
    if mode is Mode.DIFFERENCE:
        return (Pane("difference", whole, label="DIFFERENCE × 4"),)
    if mode is Mode.ONION:
        return (Pane("onion", whole, label="ONION"),)
    if mode is Mode.MASK:
        return (Pane("mask", whole, label="MASK"),)
    return (Pane("after", whole),)
