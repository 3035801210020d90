"""The policy file: read, checked with sentences, and the route it gives."""

from __future__ import annotations

import copy
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inpaint_studio.errors import BadSetting, Missing
from inpaint_studio.paths import resource
from inpaint_studio.records import RunOptions
from inpaint_studio.routing.features import NAMES, measure
from inpaint_studio.routing.policy import ENGINES, load_policy, parse_policy
from inpaint_studio.routing.route import choose

READY = dict.fromkeys(ENGINES, "")
NO_MODELS = {**READY, "generative": "No model is installed.", "learned": "No model is installed."}


def shipped() -> dict[str, Any]:
    return tomllib.loads(resource("routing", "policy.toml").read_text())


def hole(shape: tuple[int, int] = (160, 160), size: int = 40) -> np.ndarray:
    mask = np.zeros(shape, dtype=bool)
    top, left = (shape[0] - size) // 2, (shape[1] - size) // 2
    mask[top : top + size, left : left + size] = True
    return mask


def plain() -> np.ndarray:
    ramp = np.linspace(60, 180, 160)[None, :, None] * np.ones((160, 1, 3))
    return ramp.astype(np.uint8)


def busy() -> np.ndarray:
    rng = np.random.default_rng(0)
    return (rng.integers(0, 2, (40, 40, 1)) * 200 + 20).astype(np.uint8).repeat(4, 0).repeat(
        4, 1
    ) * np.ones((1, 1, 3), np.uint8)  # fmt: skip


def test_plain_ground_goes_to_flat_and_says_by_how_much() -> None:
    route = choose(plain(), hole(), RunOptions(), NO_MODELS, 1e4)
    assert route.engine == "flat"
    assert route.reasons[0].feature and route.reasons[0].value is not None
    assert all(reason.text.endswith(".") for reason in route.reasons)


def test_texture_goes_to_patch() -> None:
    assert choose(busy(), hole(), RunOptions(), NO_MODELS, 1e4).engine == "patch"


def test_text_goes_to_text_and_falls_back_in_the_open_when_it_cannot_run() -> None:
    options = RunOptions(kind="text")
    assert choose(busy(), hole(), options, NO_MODELS, 1e4).engine == "text"
    without = {**NO_MODELS, "text": "The text models are missing."}
    route = choose(busy(), hole(), options, without, 1e4)
    assert route.engine == "patch"
    assert any("The text models are missing." in reason.text for reason in route.reasons)


def test_named_engine_is_taken_or_refused() -> None:
    assert choose(plain(), hole(), RunOptions(engine="patch"), NO_MODELS, 1e4).engine == "patch"
    with pytest.raises(Missing, match="No model"):
        choose(plain(), hole(), RunOptions(engine="learned"), NO_MODELS, 1e4)
    with pytest.raises(BadSetting, match="no engine 'magic'"):
        choose(plain(), hole(), RunOptions(engine="magic"), NO_MODELS, 1e4)


def test_what_lies_under_the_mask_does_not_matter() -> None:
    one, two = busy(), busy()
    two[hole()] = 0
    assert measure(one, hole()) == measure(two, hole())


def test_every_shipped_reason_can_be_said_with_its_numbers() -> None:
    policy = load_policy(resource("routing", "policy.toml"))
    features = measure(busy(), hole(), kind="object")
    for rule in policy.rules:
        said = rule.because.format(**{name: features.get(name) for name in NAMES})
        assert said.endswith(".") and "{" not in said


def test_sixteen_bit_and_eight_bit_look_alike() -> None:
    wide = busy().astype(np.uint16) * 257
    assert measure(wide, hole()).detail == pytest.approx(measure(busy(), hole()).detail, rel=1e-4)


def _broken(change: Any) -> dict[str, Any]:
    raw = copy.deepcopy(shipped())
    change(raw)
    return raw


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda raw: raw.update(version=9), "must say version = 1"),
        (lambda raw: raw.update(extra=1), "unknown part 'extra'"),
        (lambda raw: raw.update(rule=[]), r"has no \[\[rule\]\]"),
        (lambda raw: raw["rule"][0].update(engine="magic"), "names no engine: 'magic'"),
        (lambda raw: raw["rule"][0].update(colour="red"), "unknown key 'colour'"),
        (lambda raw: raw["rule"][0].pop("because"), "needs because as a text"),
        (lambda raw: raw["rule"][0].update(because="{mood}"), "unknown feature {mood}"),
        (lambda raw: raw["rule"][0].update(when={"mood": {"min": 1}}), "no feature 'mood'"),
        (lambda raw: raw["rule"][0].update(when={"noise": {"min": "x"}}), "bounded by numbers"),
        (lambda raw: raw["rule"][0].update(when={"noise": {"min": 2, "max": 1}}), "min above max"),
        (lambda raw: raw["rule"][0].update(when={"noise": 3}), "needs min, max or is"),
        (lambda raw: raw["rule"][0].update(when={"kind": {"min": 1}}), r"needs is = \[words\]"),
        (lambda raw: raw["rule"][0].update(grow_px=-1), "whole number from 0 to 256"),
        (lambda raw: raw["rule"].pop(), "must end with a rule for everything"),
    ],
)
def test_a_broken_policy_is_refused_with_a_sentence(change: Any, says: str) -> None:
    with pytest.raises(BadSetting, match=says) as caught:
        parse_policy(_broken(change), "mine.toml")
    assert str(caught.value).startswith("The routing policy mine.toml cannot be used: it ")
    assert str(caught.value).endswith(".")


def test_the_users_file_replaces_the_shipped_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INPAINT_STUDIO_HOME", str(tmp_path))
    (tmp_path / "config").mkdir()
    own = (
        'version = 1\n[[rule]]\nname = "all"\nengine = "flat"\nwhen = {}\nbecause = "I said so."\n'
    )
    (tmp_path / "config" / "routing.toml").write_text(own)
    assert choose(busy(), hole(), RunOptions(), NO_MODELS, 1e4).engine == "flat"
    (tmp_path / "config" / "routing.toml").write_text("version = ")
    with pytest.raises(BadSetting, match="not readable TOML"):
        choose(busy(), hole(), RunOptions(), NO_MODELS, 1e4)
