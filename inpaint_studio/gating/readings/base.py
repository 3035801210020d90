"""What a reading function returns."""

from __future__ import annotations

from dataclasses import dataclass, field

from inpaint_studio.arrays import Plane
from inpaint_studio.geometry import Box


@dataclass(frozen=True, slots=True)
class Measured:
    """One value, where in the scene it is worst, and the evidence behind it.

    `also` are further numbers of the same evidence, features of the risk model. `note` is what
    was found, in words (letters read, an object's name).
    """

    value: float
    map: Plane | None = None
    box: Box | None = None
    also: dict[str, float] = field(default_factory=dict)
    note: str = ""
