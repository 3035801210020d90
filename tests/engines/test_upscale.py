"""Enlarging through the road: by model or Lanczos, scaled back it is the old photo."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from inpaint_studio.engines.base import FillRequest, check_fill
from inpaint_studio.engines.upscale import LANCZOS, UpscaleEngine
from inpaint_studio.errors import BadSetting, Cancelled, EngineFailed, Missing
from inpaint_studio.imaging.color import to_linear
from inpaint_studio.imaging.enlarge import enlarged, grown, shrunk
from inpaint_studio.imaging.mask import ring
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.pipeline import RunRequest, RunResult, replay, run
from inpaint_studio.records import FillRecipe, RunOptions, Scalar
from inpaint_studio.store.objects import ObjectStore
from inpaint_studio.weights.folder import ModelFolder
from tests.engines.conftest import scene


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> ModelFolder:
    from tests.models_factory import save

    work = tmp_path_factory.mktemp("up")
    save("upscaler", work / "models" / "upscale" / "tiny-x4-upscaler", work)
    return ModelFolder(work / "models")


@pytest.fixture
def upscaler(folder: ModelFolder) -> UpscaleEngine:
    return UpscaleEngine(folder)


def _options(**parameters: Scalar) -> RunOptions:
    values: dict[str, Scalar] = {"steps": 2, "tile": 32, "threads": 1, **parameters}
    return RunOptions(engine="upscale", intent="upscale", seed=2, parameters=values)


def _request(
    engine: UpscaleEngine, pixels: np.ndarray, mask: np.ndarray, **more: Scalar
) -> FillRequest:
    return FillRequest(
        linear=to_linear(pixels), mask=mask, ring=ring(mask, 2),
        recipe=engine.recipe(_options(**more), mask), under=to_linear(pixels),
    )  # fmt: skip


@pytest.mark.parametrize("factor", [2, 3, 4])
def test_a_model_enlarges_repeats_and_stays_the_photo(factor: int, upscaler: UpscaleEngine) -> None:
    photo, _ = scene(48)
    big = enlarged(photo, factor)
    every = np.ones(big.shape[:2], dtype=bool)
    request = _request(upscaler, big, every, factor=factor)
    assert request.recipe.model == "upscale/tiny-x4-upscaler" and request.recipe.model_sha256
    made = upscaler.fill(request, RunToken())
    check_fill(made, request)
    assert np.array_equal(made.linear, upscaler.fill(request, RunToken()).linear)
    assert int(made.ran_with["tiles"]) > 1


def _run(
    pixels: np.ndarray, mask: np.ndarray, path: Path, **more: Scalar
) -> tuple[RunResult, ObjectStore]:
    store = ObjectStore(path)
    return run(RunRequest(pixels=pixels, mask=mask, options=_options(**more)), None, store), store


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_region_of_the_photo_goes_the_whole_road(
    dtype: type[np.unsignedinteger], folder: ModelFolder, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("INPAINT_STUDIO_MODELS", str(folder.root))
    photo, _ = scene(160)
    pixels = enlarged(photo.astype(dtype) * (257 if dtype is np.uint16 else 1), 2)
    mask = np.zeros(pixels.shape[:2], dtype=bool)
    mask[101:190, 87:201] = True
    result, store = _run(pixels, mask, tmp_path / "objects")
    (edit,) = result.record.edits
    assert edit.plan.engine == "upscale"
    names = {reading.name for reading in edit.verdict.readings}
    assert {"leak", "scaled_back", "grain"} <= names
    after = pixels.copy()
    for delta in result.deltas:
        assert delta is not None
        delta.apply(after)
    changed = (after != pixels).any(axis=2)
    assert changed[mask].mean() > 0.5 and not (changed & ~(mask | ring(mask, 2))).any()
    # Whatever the model invents: the old pixels of whole blocks inside are still what they were.
    inner = np.s_[56:92, 48:96]
    apart = np.abs(shrunk(after, 2) - shrunk(pixels, 2))[inner] / np.iinfo(dtype).max
    assert np.percentile(apart, 90) <= 1 / 255
    answer = replay(result.record, store, RunToken(), sink=ObjectStore(tmp_path / "scratch"))
    assert answer.identical, answer.sentence


def test_without_a_model_lanczos_stands_and_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INPAINT_STUDIO_MODELS", str(tmp_path / "none"))
    state = UpscaleEngine().availability()
    assert state.ready and "no upscaler model" in state.why
    photo, _ = scene(60)
    big = enlarged(photo, 2)
    every = np.ones(big.shape[:2], dtype=bool)
    with pytest.raises(Missing, match="no upscaler model"):
        UpscaleEngine().recipe(_options(), every)
    result, _ = _run(big, every, tmp_path / "objects", model=LANCZOS)
    (edit,) = result.record.edits
    assert edit.verdict.accepted, edit.verdict.summary
    assert any("Lanczos" in change for change in edit.plan.changes)
    delta = result.deltas[0]
    assert delta is not None and np.array_equal(delta.after, delta.before)


def test_a_big_photo_goes_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inpaint_studio.pipeline.road.UPSCALE_PX", 64)
    big = enlarged(scene(60)[0], 2)
    every = np.ones(big.shape[:2], dtype=bool)
    result, _ = _run(big, every, tmp_path / "objects", model=LANCZOS)
    assert len(result.record.edits) == 4
    covered = np.zeros(big.shape[:2], dtype=bool)
    for edit in result.record.edits:
        assert edit.delta_box is not None
        covered[edit.delta_box.slices] = True
    assert covered.all()


class _Stripes:
    """Stand in for a model whose detail is never alike in two pieces: light lines, or dark ones."""

    def __init__(self) -> None:
        self.seen: dict[bytes, int] = {}

    def __call__(
        self, small: np.ndarray, recipe: FillRecipe, *_: object
    ) -> tuple[np.ndarray, dict[str, str]]:
        sign = self.seen.setdefault(small.tobytes(), (-1) ** len(self.seen))
        big = grown(small, 4)
        rows = np.where(np.arange(len(big)) // 2 % 2, 0.05 * sign, -0.05 * sign)
        return big + rows.astype(np.float32)[:, None, None], {}


@pytest.mark.parametrize("join_px", [None, 0])
def test_no_line_shows_where_pieces_meet(
    join_px: int | None, folder: ModelFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INPAINT_STUDIO_MODELS", str(folder.root))
    monkeypatch.setattr("inpaint_studio.pipeline.road.UPSCALE_PX", 128)
    monkeypatch.setattr("inpaint_studio.engines.upscale_run.run", _Stripes())
    if join_px is not None:
        monkeypatch.setattr("inpaint_studio.pipeline.attempt.JOIN_PX", join_px)
    big = enlarged(scene(128)[0][:48], 2)
    mask = np.zeros(big.shape[:2], dtype=bool)
    mask[11:90, 13:250] = True
    result, store = _run(big, mask, tmp_path / "objects")
    assert len(result.record.edits) == 2
    after = big.copy()
    for delta in result.deltas:
        assert delta is not None
        delta.apply(after)
    changed = (after != big).any(axis=2)
    assert not (changed & ~(mask | ring(mask, 2))).any()
    for edit in result.record.edits:
        assert all(found.passed for found in edit.verdict.readings if found.name == "leak")
    detail = (after.astype(np.float64) - big)[20:80, 20:240]
    steps = np.abs(np.diff(detail, axis=1)).mean(axis=(0, 2))
    meet = steps[127 - 20]  # from the last column of one piece to the first of the next
    assert (meet > 10) if join_px == 0 else (meet < 3)
    answer = replay(result.record, store, RunToken(), sink=ObjectStore(tmp_path / "scratch"))
    assert answer.identical, answer.sentence


def test_bad_wishes_are_refused(upscaler: UpscaleEngine) -> None:
    every = np.ones((8, 8), dtype=bool)
    with pytest.raises(BadSetting):
        upscaler.recipe(_options(factor=5), every)
    with pytest.raises(BadSetting):
        upscaler.recipe(_options(sharpness=1), every)
    with pytest.raises(Missing):
        upscaler.recipe(_options(model="nobody"), every)
    with pytest.raises(EngineFailed, match="under the mask"):
        photo, mask = scene(64)
        upscaler.fill(
            FillRequest(linear=to_linear(photo), mask=mask, ring=ring(mask, 2),
                        recipe=upscaler.recipe(_options(), mask)), RunToken()
        )  # fmt: skip


def test_cancel_is_heard(upscaler: UpscaleEngine) -> None:
    big = enlarged(scene(50)[0], 2)
    token = RunToken()
    token.cancel()
    with pytest.raises(Cancelled):
        upscaler.fill(_request(upscaler, big, np.ones(big.shape[:2], dtype=bool)), token)
