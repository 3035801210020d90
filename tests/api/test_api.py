"""Numpy in, numpy out: every shape and depth, and a sentence for what is neither."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from inpaint_studio import api
from inpaint_studio.errors import BadMask, BadPhoto, BadSetting, ShapeMismatch, UserError


@pytest.fixture(scope="module")
def photo() -> Any:
    from skimage import data

    found = Path(data.__path__[0]) / "coffee.png"
    return np.asarray(Image.open(found).convert("RGB"))[60:190, 20:200].copy()


@pytest.fixture(scope="module")
def mask(photo: Any) -> Any:
    plane = np.zeros(photo.shape[:2], dtype=bool)
    plane[30:50, 30:60] = True
    return plane


def fill(photo: Any, mask: Any, **wish: Any) -> api.FillResult:
    return api.fill(
        photo, mask, **{"engine": "flat", "budget": "cheap", "semantics": False, **wish}
    )


@pytest.mark.parametrize("shape", ["grey", "rgb", "rgba"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_pixels_come_back_in_the_shape_and_depth_they_came_in(
    photo: Any, mask: Any, shape: str, dtype: Any
) -> None:
    alpha = np.full((*photo.shape[:2], 1), 99, np.uint8)
    given = {"grey": photo[..., 1], "rgb": photo, "rgba": np.dstack([photo, alpha])}[shape]
    given = given.astype(dtype) * (257 if dtype is np.uint16 else 1)
    before = given.copy()
    result = fill(given, mask)
    assert (result.pixels.shape, result.pixels.dtype) == (given.shape, given.dtype)
    assert (given == before).all(), "the caller's array is left alone"
    outside = np.ones(mask.shape, bool)
    outside[28:52, 28:62] = False
    assert (result.pixels[outside] == given[outside]).all()
    assert (result.pixels[mask] != given[mask]).any()
    if shape == "rgba":
        assert (result.pixels[..., 3] == given[..., 3]).all()
    assert 0 <= result.verdict.risk <= 1 and result.recipe.engine == "flat"


def test_masks_and_sources_of_any_kind_mean_the_same(photo: Any, mask: Any) -> None:
    source = np.ones_like(mask)
    source[:, 100:] = False
    one = fill(photo, mask, source=source).pixels
    for cast in (
        lambda m: m.astype(float),
        lambda m: m.astype(np.uint8) * 255,
        lambda m: m.tolist(),
    ):
        assert (fill(photo, cast(mask), source=np.asarray(cast(source))).pixels == one).all()


def test_a_numpy_seed_is_a_seed(photo: Any, mask: Any) -> None:
    assert fill(photo, mask, seed=np.int64(3)).recipe.seed == 3


def test_intent_prompt_and_parameters_reach_the_recipe_and_the_engine(
    photo: Any, mask: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INPAINT_STUDIO_MODELS", str(tmp_path))
    whole = np.ones(mask.shape, bool)
    wish: dict[str, Any] = {"engine": "upscale", "parameters": {"model": "lanczos", "factor": 2}}
    result = fill(photo, whole, intent="upscale", prompt="a cup", **wish)
    recipe = result.recipe
    assert (recipe.intent, recipe.prompt, recipe.parameters["factor"]) == ("upscale", "a cup", 2)
    assert recipe.model == "lanczos" and (result.pixels == photo).all()
    again = dict(wish, parameters={"model": "lanczos", "factor": np.int64(2)})
    assert fill(photo, whole, intent="upscale", prompt="a cup", **again).recipe == recipe
    with pytest.raises(BadMask):
        fill(photo, whole, intent="remove", **wish)
    with pytest.raises(BadSetting, match="no parameter 'zoom'"):
        fill(
            photo, whole, **dict(wish, parameters={"model": "lanczos", "zoom": 2}), intent="upscale"
        )


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        ({"photo": "float"}, BadPhoto, "astype"),
        ({"photo": "two"}, BadPhoto, r"\(H, W, 4\), not"),
        ({"photo": "list"}, BadPhoto, "numpy array, not list"),
        ({"mask": [1, 2]}, BadMask, r"must be \(H, W\)"),
        ({"source": np.ones((3, 3), bool)}, ShapeMismatch, "mask of sources is 3 × 3 px"),
        ({"kind": "unicorn"}, BadSetting, "no kind 'unicorn'; choose one of text, object"),
        ({"intent": "wish"}, BadSetting, "no intent 'wish'; choose one of remove"),
        ({"budget": "lots"}, BadSetting, "no budget 'lots'"),
        ({"seed": -1}, BadSetting, "seed must be a whole number from 0"),
        ({"seed": 1.5}, BadSetting, "seed must be a whole number from 0"),
        ({"grow_px": 1.5}, BadSetting, "grow_px must be a whole number from -500 to 500"),
        ({"feather_px": -3}, BadSetting, "feather_px must be a whole number from 0 to 200"),
        ({"tries": 99}, BadSetting, "tries must be a whole number from 1"),
    ],
)
def test_what_makes_no_sense_is_a_sentence(
    photo: Any, mask: Any, change: dict[str, Any], error: type[UserError], says: str
) -> None:
    odd = {"float": photo / 255, "two": photo[..., :2], "list": photo.tolist()}
    wish = dict(change)
    given = wish.pop("photo", None)
    with pytest.raises(error, match=says) as caught:
        fill(photo if given is None else odd[given], wish.pop("mask", mask), **wish)
    assert str(caught.value).endswith(".")


def test_judge_and_propose_take_grey_and_deep_photos(photo: Any, mask: Any) -> None:
    wish: dict[str, Any] = {"budget": "cheap", "semantics": False}
    eight = api.judge(photo, photo, mask, **wish)
    deep = photo.astype(np.uint16) * 257
    assert api.judge(deep, deep, mask, **wish).risk == pytest.approx(eight.risk, abs=0.02)
    grey = photo[..., 1]
    assert 0 <= api.judge(grey, grey, mask, **wish).risk <= 1
    with pytest.raises(ShapeMismatch, match="judged at one size"):
        api.judge(photo, photo[1:], mask, **wish)
    found = api.propose(grey, kinds="blemish")
    assert [p.record.box for p in found] == [p.record.box for p in api.propose(
        grey.astype(np.uint16) * 257, kinds="blemish"
    )]  # fmt: skip
    with pytest.raises(BadSetting, match="unicorn"):
        api.propose(photo, kinds=("unicorn",))  # type: ignore[arg-type]
