"""Relief is measured by the surface's own grain."""

from __future__ import annotations

import cv2
import numpy as np

from inpaint_studio.imaging.relief import relief


def grain(seed: int = 3) -> np.ndarray:
    """Lightness of a surface whose grain runs from left to right."""
    noise = np.random.default_rng(seed).normal(size=(240, 320)).astype(np.float32)
    return 60 + 30 * cv2.GaussianBlur(noise, (0, 0), sigmaX=20, sigmaY=0.8)


def with_line(light: np.ndarray, *, across: bool) -> np.ndarray:
    """The surface with a soft line of 8 L*, 60 px long, in its middle."""
    line = np.zeros_like(light)
    if across:
        line[90:150, 158:161] = 8
    else:
        line[118:121, 130:190] = 8
    return light + cv2.GaussianBlur(line, (0, 0), 1)


def test_what_runs_across_the_grain_stands_out_and_as_much_along_it_does_not() -> None:
    middle = np.s_[100:140, 150:170]
    assert relief(with_line(grain(), across=True))[middle].max() > 4
    assert relief(with_line(grain(), across=False))[middle].max() < 3
    assert np.quantile(relief(grain()), 0.98) < 3


def test_a_surface_alike_in_all_directions_has_no_grain_to_measure_by() -> None:
    noise = np.random.default_rng(1).normal(60, 2, (240, 240)).astype(np.float32)
    turned = relief(np.ascontiguousarray(noise.T)).T
    assert np.abs(relief(noise) - turned).max() < 1e-3


def test_a_flat_picture_has_none() -> None:
    assert not relief(np.full((40, 60), 50, dtype=np.float32)).any()
