"""Camera RAW, developed to 16-bit sRGB by LibRaw. Read only: nothing writes a RAW file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inpaint_studio.errors import BadPhoto
from inpaint_studio.imaging.photo.model import Source


def raw_source(path: Path) -> Source:
    """Return the developed picture's size. Raises: BadPhoto."""
    import rawpy

    try:
        with rawpy.imread(str(path)) as raw:
            sizes = raw.sizes
    except rawpy.LibRawError as error:
        raise BadPhoto(
            f"{path.name} is no camera RAW file this program can develop ({error}); "
            "develop it elsewhere and open the TIFF."
        ) from error
    turned = sizes.flip in (5, 6)
    width, height = (sizes.iheight, sizes.iwidth) if turned else (sizes.iwidth, sizes.iheight)
    return Source(kind="raw", mode="RAW", bits=16, width=width, height=height, compression="raw")


def develop(path: Path) -> NDArray[np.uint16]:
    """Return (H, W, 3) sRGB: the camera's white balance, AHD, no automatic brightness."""
    import rawpy

    with rawpy.imread(str(path)) as raw:
        pixels: NDArray[np.uint16] = raw.postprocess(
            use_camera_wb=True,
            no_auto_bright=True,
            output_bps=16,
            gamma=(2.4, 12.92),
            output_color=rawpy.ColorSpace.sRGB,
            demosaic_algorithm=rawpy.DemosaicAlgorithm.AHD,
        )
    return pixels
