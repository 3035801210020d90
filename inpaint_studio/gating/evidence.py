"""What has been measured of one edit so far: features, readings with bands, maps, places."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np

from inpaint_studio.arrays import Plane
from inpaint_studio.gating.readings.base import Measured
from inpaint_studio.gating.readings.table import Row, parts, row
from inpaint_studio.gating.risk import GateSet
from inpaint_studio.gating.scene import Scene
from inpaint_studio.geometry import Box
from inpaint_studio.records import Reading


@dataclass
class Evidence:
    """Collects measured readings. Boxes and maps are in the request's pixels.

    `owner` tells which reading a feature belongs to; `places` where each reading is worst.
    """

    gates: GateSet
    features: dict[str, float] = field(default_factory=dict)
    readings: list[Reading] = field(default_factory=list)
    maps: dict[str, Plane] = field(default_factory=dict)
    owner: dict[str, str] = field(default_factory=dict)
    places: dict[str, Box] = field(default_factory=dict)

    def add(self, name: str, measured: Measured, seconds: float) -> None:
        """Keep a reading, and the further readings that are numbers of the same evidence."""
        self.features[name] = measured.value
        self.features.update(measured.also)
        self.owner.update(dict.fromkeys((name, *measured.also), name))
        self._append(row(name), measured.value, measured, seconds)
        for part in parts(name):
            if part.name in measured.also:
                self.owner[part.name] = part.name
                self._append(part, measured.also[part.name], measured, 0.0)
        if measured.map is not None:
            self.maps[name] = measured.map

    def sum_up(self, line: Row) -> None:
        """Add the signs of one fault, placed where the reading that shows it (else the one that
        says most of it) is worst."""
        model = self.gates.faults.get(line.name)
        if model is None:
            return
        said: dict[str, float] = {}
        value, shares = model.weighed(self.features)
        for name, share in sorted(shares.items(), key=lambda part: -part[1]):
            reading = self.owner[name]
            said[reading] = said.get(reading, 0.0) + share
        placed = [name for name in said if name in self.places]
        loudest = max(placed, key=lambda name: (said[name], name), default="")
        if line.shown_by in self.places:
            loudest = line.shown_by
        self._append(line, value, Measured(value, box=self.places.get(loudest)), 0.0)

    def _append(self, line: Row, value: float, measured: Measured, seconds: float) -> None:
        low, high = band(line, self.gates)
        over = high is not None and value > high
        failed = over or (low is not None and value < low)
        alarm = self.gates.alarms.get(line.name)
        alarmed = alarm is not None and value > alarm
        if measured.box is not None:
            self.places[line.name] = measured.box
        self.readings.append(
            Reading(
                name=line.name,
                value=value,
                low=low,
                high=high,
                passed=not (failed or alarmed),
                unit=line.unit,
                label=line.label,
                detail=measured.note,
                box=measured.box if failed or alarmed else None,
                seconds=seconds,
                decides=line.vetoes or alarmed or (failed and line.cost == "fault"),
            )
        )


def band(line: Row, gates: GateSet) -> tuple[float | None, float | None]:
    """Return the band a reading must lie in: its definition's, else what good edits show."""
    low, high = gates.bands.get(line.name, (None, None))
    low = line.low if line.low is not None else low
    high = line.high if line.high is not None else high
    return (low if line.worse != "high" else None, high if line.worse != "low" else None)


def placed(measured: Measured, scene: Scene, shape: tuple[int, ...]) -> Measured:
    """Move a reading's box and map from the scene to the request's pixels."""
    box = scene.to_request(measured.box) if measured.box is not None else None
    plane = measured.map
    if plane is not None:
        full = np.zeros(shape[:2], dtype=np.float32)
        if scene.scale > 1:
            size = (scene.box.width, scene.box.height)
            plane = cv2.resize(plane, size, interpolation=cv2.INTER_NEAREST)
        full[scene.box.slices] = plane
        plane = full
    return Measured(measured.value, plane, box, measured.also, measured.note)
