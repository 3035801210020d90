"""What was removed must not stay legible in the colours of the JPEG that is delivered."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from inpaint_studio.imaging import jpeg_patch


def _decoded(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def test_removed_coloured_letters_leave_no_ghost_in_subsampled_chroma() -> None:
    ground = np.zeros((160, 400, 3), np.uint8)
    ground[...] = (96, 128, 160)
    picture = Image.fromarray(ground)
    font = ImageFont.load_default(40)
    ImageDraw.Draw(picture).text((30, 50), "Lighthouse", font=font, fill=(255, 240, 60))
    data = io.BytesIO()
    picture.save(data, "JPEG", quality=88, subsampling=2)
    before = _decoded(data.getvalue())
    letters = (np.abs(before.astype(int) - ground) > 6).any(axis=2)
    after = before.copy()
    after[letters] = ground[letters]
    delivered = _decoded(jpeg_patch.patch(data.getvalue(), before, after).data).astype(int)
    wrong = np.abs(delivered - ground)[letters]
    assert wrong.mean() < 1.5
    assert np.percentile(wrong, 99) < 8
