"""Runs a diffusers upscaler over a photo in overlapping tiles. Imported when it is asked for."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from inpaint_studio.engines import generative_load as store
from inpaint_studio.engines.generative_call import call_pipeline
from inpaint_studio.engines.generative_device import choose, memory_now, settle
from inpaint_studio.engines.generative_frame import tiles
from inpaint_studio.engines.modelled import check_identity
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.records import FillRecipe
from inpaint_studio.weights.entries import ModelEntry
from inpaint_studio.weights.sizes import parameters_of

Floats = NDArray[np.float32]

FACTOR = 4
OVERLAP_PX = 16


def run(
    photo: Floats, recipe: FillRecipe, entry: ModelEntry, token: RunToken
) -> tuple[Floats, dict[str, str]]:
    """Return the photo, (H, W, 3) encoded 0..1, four times as big, and what it ran with.

    Tiles are weighted towards their middles where they overlap, so that no seam is left.
    """
    sha256 = check_identity(recipe, entry, token)
    words = settle(int(recipe.parameters.get("threads", 0)))
    side = int(recipe.parameters["tile"]) // 8 * 8
    whole, largest = parameters_of(entry.path)
    plan = choose(whole / 1e6, largest / 1e6, side * FACTOR, memory_now())
    loaded = store.warm(entry, sha256, plan)
    plan.tune(loaded.pipe)
    height, width = photo.shape[:2]
    total = np.zeros((height * FACTOR, width * FACTOR, 3), np.float32)
    weight = np.zeros((height * FACTOR, width * FACTOR, 1), np.float32)
    boxes = tiles(np.ones((height, width), dtype=bool), side_px=side, overlap_px=OVERLAP_PX)
    for index, box in enumerate(boxes):
        part = token.within(index / len(boxes), (index + 1) / len(boxes), "enlarging")
        tile = photo[box.slices]
        answer = _enlarged(loaded, tile, recipe, part, seed=recipe.seed + index)
        window = _window(answer.shape[0], answer.shape[1])
        place = (
            slice(box.top * FACTOR, box.bottom * FACTOR),
            slice(box.left * FACTOR, box.right * FACTOR),
        )
        total[place] += answer * window
        weight[place] += window
    enlarged: Floats = np.divide(total, weight, dtype=np.float32)
    return enlarged, {**words, **plan.words, "tiles": str(len(boxes))}


def _enlarged(
    loaded: store.Loaded, tile: Floats, recipe: FillRecipe, token: RunToken, *, seed: int
) -> Floats:
    """Run one tile, padded to a multiple of 8, and cut the padding off again."""
    import torch

    rows, columns = tile.shape[:2]
    below, beside = -rows % 8, -columns % 8
    padded = np.pad(tile, ((0, below), (0, beside), (0, 0)), mode="edge")
    image = torch.from_numpy(np.ascontiguousarray(padded.transpose(2, 0, 1)))[None]
    answer = call_pipeline(
        loaded,
        recipe,
        token,
        seed=seed,
        steps=int(recipe.parameters["steps"]),
        prompt=recipe.prompt,
        image=image,
        guidance_scale=float(recipe.parameters["guidance"]),
        noise_level=int(recipe.parameters["noise"]),
    )
    return answer[: rows * FACTOR, : columns * FACTOR]


def _window(height: int, width: int) -> Floats:
    """A tent over a tile, nowhere zero."""
    rows = np.minimum(np.arange(height) + 1, height - np.arange(height))
    columns = np.minimum(np.arange(width) + 1, width - np.arange(width))
    reach = OVERLAP_PX * FACTOR
    window: Floats = np.minimum(rows[:, None], reach) * np.minimum(columns[None, :], reach)
    return window.astype(np.float32)[..., None]
