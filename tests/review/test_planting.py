"""What is slipped into the queue to measure a reviewer must be something he could see."""

import numpy as np

from inpaint_studio.gating.planted import FAULTS, plant
from inpaint_studio.review.planting import _visible


def test_a_fault_that_cannot_be_seen_is_not_slipped_in():
    plain = np.full((80, 80, 3), 128, np.uint8)
    mask = np.zeros((80, 80), bool)
    mask[20:60, 20:60] = True
    before = plain.copy()
    before[mask] = (200, 40, 30)
    hidden = {f for f in FAULTS if not plant(before, plain, mask, f).visible}
    assert "blur" in hidden, "plain ground stays plain when it is blurred"
    chosen = [_visible(before, plain, mask, f"edit{n}", 0) for n in range(30)]
    assert all(planted is not None and planted.visible for planted in chosen)
    assert len({planted.fault for planted in chosen if planted}) > 2
