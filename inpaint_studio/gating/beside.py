"""What of a removed thing still stands beside the mask: ink, a shadow, the part it cut off.

No reader is asked and no model weighs these: what is left there is seen or it is not, and it says
what the next attempt must do.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

import numpy as np

from inpaint_studio.gating.base import JudgeRequest
from inpaint_studio.gating.carried import effect_carried
from inpaint_studio.gating.embossed import relief_left
from inpaint_studio.gating.evidence import placed
from inpaint_studio.gating.ink import ink_left
from inpaint_studio.gating.overlay import overlay_left
from inpaint_studio.gating.readings.base import Measured
from inpaint_studio.gating.scene import Scene, make_scene
from inpaint_studio.gating.specks import specks_left
from inpaint_studio.gating.traces import traces_left
from inpaint_studio.geometry import Box
from inpaint_studio.imaging.remainder import remainder
from inpaint_studio.records import LETTER_KINDS, TEXT_KINDS


def readings_beside(
    request: JudgeRequest, scene: Scene | None = None
) -> list[tuple[str, Measured, float]]:
    """Return (name, measured, seconds) of what is left of letters (`ink_left`, and of drawn ones
    `specks_left`, `overlay_left`, `effect_carried`, `traces_left`), of a logo (`relief_left`) or of
    a thing (`thing_left`).

    scene: the request's, where it was made before.

    Boxes are in the request's pixels. Where something new was asked for, what stood there need
    not go whole.
    """
    looks: list[tuple[str, Callable[[JudgeRequest], Measured]]] = []
    if request.kind in LETTER_KINDS:
        looks.append(("ink_left", ink_left))
    if request.kind == "text":
        looks += [
            ("specks_left", specks_left),
            ("overlay_left", overlay_left),
            ("effect_carried", effect_carried),
            ("traces_left", traces_left),
        ]
    if request.kind == "logo" and not request.asks_for_new:
        looks.append(("relief_left", relief_left))
    if asks_for_the_rest(request):
        looks.append(("thing_left", partial(thing_left, scene=scene)))
    found = []
    for name, look in looks:
        started = time.perf_counter()
        found.append((name, look(request), time.perf_counter() - started))
    return found


def asks_for_the_rest(request: JudgeRequest) -> bool:
    """Say whether a thing is removed as a whole: not letters, and nothing new stands for it."""
    return request.kind not in TEXT_KINDS and not request.asks_for_new


def thing_left(request: JudgeRequest, scene: Scene | None = None) -> Measured:
    """Return how far, in px, what the mask removes reaches out of it (0: nothing that is seen)."""
    scene = scene or make_scene(request)
    rest = remainder(scene.lab_before, scene.mask, scene.outside > scene.ring_px)
    if not rest.any():
        return Measured(0.0)
    reach = float(np.ceil(scene.outside[rest].max() * scene.scale))
    found = Measured(reach, rest.astype(np.float32), Box.of_mask(rest))
    return placed(found, scene, request.mask.shape)
