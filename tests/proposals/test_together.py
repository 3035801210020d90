"""Lines of one overlay wear the same effects: what only one of them shows is the photo's."""

from dataclasses import replace

import numpy as np

from inpaint_studio.geometry import Box
from inpaint_studio.proposals.glyphs import Glyphs, with_effects
from inpaint_studio.proposals.ground import to_lab
from inpaint_studio.proposals.together import grown_together
from inpaint_studio.vision.lines import Line
from tests.overlays import compose, placed, text_alpha


def test_what_one_line_of_three_shows_alone_is_left_and_each_keeps_its_letters():
    rng = np.random.default_rng(2)
    photo = np.clip(90 + 4 * rng.normal(size=(190, 420, 3)), 0, 255).astype(np.uint8)
    tops = (20, 80, 140)
    inks = [placed(text_alpha("Limited Edition", None, 36), photo.shape, 30, t) for t in tops]
    shown = compose(photo, [(ink, np.full(3, 250, np.float32)) for ink in inks])
    told = []
    for ink in inks:
        frame = Box.of_mask(ink > 0)
        box = frame.pad(16).clamp(Box.of_shape(ink.shape))
        right, low = frame.right, frame.bottom
        corners = [[frame.left, frame.top], [right, frame.top], [right, low], [frame.left, low]]
        quad = np.array(corners, np.float32)
        line = Line(quad, quad, 0.9, float(frame.height), float(frame.width))
        core = (ink > 0.5)[box.slices]
        mask, _ = with_effects(to_lab(shown[box.slices]), core, np.ones_like(core), line)
        told.append((line, Glyphs(box, mask, core, np.ones_like(core), 1.0, "drawn", 3.0)))
    line, glyphs = told[1]
    stain = glyphs.mask.copy()
    stain[2:6, 40:120] = True
    told[1] = (line, replace(glyphs, mask=stain))
    grown = grown_together(shown, told, lambda one, two: abs(one - two) == 1)
    assert not grown[1].mask[2:5, 40:120].any()
    for one, ink in zip(grown, inks):
        assert one.mask[ink[one.box.slices] > 0.3].mean() > 0.98
    alone = grown_together(shown, told, lambda one, two: False)
    assert all(one is own for one, (_, own) in zip(alone, told))
