"""The policy file: read, checked with sentences, and the route it gives."""

from __future__ import annotations

import copy
import re
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inpaint_studio.errors import BadSetting, Missing
from inpaint_studio.paths import resource
from inpaint_studio.records import KINDS, Kind, RunOptions
from inpaint_studio.routing.features import NAMES, measure
from inpaint_studio.routing.policy import ENGINES, load_policy, parse_policy
from inpaint_studio.routing.route import choose, shown
from tests.overlays import surface

READY = dict.fromkeys(ENGINES, "")
NO_MODELS = {**READY, "generative": "No model is installed.", "learned": "No model is installed."}


def shipped() -> dict[str, Any]:
    return tomllib.loads(resource("routing", "policy.toml").read_text())


def rule(raw: dict[str, Any], name: str) -> dict[str, Any]:
    """The first rule whose name begins so."""
    return next(row for row in raw["rule"] if row["name"].startswith(name))


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


def test_with_grain_and_a_vignette_probe_holes_choose() -> None:
    y, x = np.mgrid[:160, :160] / 160 - 0.5
    light = 200 * (1 - 0.9 * (x * x + y * y))
    grain = np.random.default_rng(0).normal(0, 6, (160, 160))
    photo = np.rint(light + grain).clip(0, 255)[..., None].repeat(3, 2).astype(np.uint8)
    route = choose(photo, hole(), RunOptions(), NO_MODELS, 1e4)
    assert "flat" in (route.engine, route.compare_with) and route.decide_by == "probes"


@pytest.mark.parametrize("kind", ["metal", "fabric"])
def test_plain_ground_whose_grain_runs_one_way_or_repeats_goes_to_patch(kind: str) -> None:
    route = choose(surface(kind, 5), hole((360, 480)), RunOptions(), NO_MODELS, 1e4)
    assert route.engine == "patch"
    assert {"regularity", "smooth_residual"} <= {reason.feature for reason in route.reasons}


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


def test_the_same_condition_after_an_engine_that_may_be_missing_is_no_contradiction() -> None:
    raw = shipped()
    learned = next(row for row in raw["rule"] if row["engine"] == "learned")
    at = raw["rule"].index(learned)
    raw["rule"].insert(at + 1, {**learned, "name": "instead", "engine": "patch"})
    assert len(parse_policy(raw, "mine.toml").rules) == len(raw["rule"])


@pytest.mark.parametrize("ground", ["plain", "busy", "noise", "shade"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_reason_reads_as_a_sentence_with_its_number(ground: str, kind: Kind) -> None:
    rng = np.random.default_rng(1)
    noise = rng.integers(0, 256, (160, 160, 3)).astype(np.uint8)
    shade = np.clip(plain().astype(int) + noise // 24, 0, 255).astype(np.uint8)
    photo = {"plain": plain(), "busy": busy(), "noise": noise, "shade": shade}[ground]
    route = choose(photo, hole(), RunOptions(kind=kind), NO_MODELS, 1e4)
    for reason in route.reasons:
        assert re.fullmatch(r"[A-Z][^{}]*[a-z.)%]\.", reason.text), reason.text
        if reason.feature and reason.value is not None and "misses" in reason.text:
            assert shown(reason.feature, reason.value).split()[0] in reason.text


def test_the_subject_and_the_memory_can_decide() -> None:
    raw = shipped()
    when = {"subject": {"is": ["person"]}, "free_mb": {"min": 100}}
    because = "It is a {subject} in {free_mb} MB."
    own = {"name": "person", "engine": "patch", "because": because, "when": when}
    raw["rule"].insert(0, own)
    policy = parse_policy(raw, "mine.toml")
    person = RunOptions(subject="person")
    route = choose(plain(), hole(), person, NO_MODELS, 1e4, policy)
    assert (route.rule, route.reasons[0].text) == ("person", "It is a person in 10000 MB.")
    assert choose(plain(), hole(), person, NO_MODELS, 50, policy).rule == "plain ground"
    assert choose(plain(), hole(), RunOptions(), NO_MODELS, 1e4, policy).rule == "plain ground"


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
        (
            lambda raw: rule(raw, "text").update(engine="magic"),
            "names no engine: 'magic'",
        ),
        (lambda raw: rule(raw, "text").update(colour="red"), "unknown key 'colour'"),
        (lambda raw: rule(raw, "text").pop("because"), "needs because as a text"),
        (
            lambda raw: rule(raw, "text").update(because="{mood}"),
            "unknown feature {mood}",
        ),
        (
            lambda raw: rule(raw, "text").update(when={"mood": {"min": 1}}),
            "no feature 'mood'",
        ),
        (
            lambda raw: rule(raw, "text").update(when={"noise": {"min": "x"}}),
            "bounded by numbers",
        ),
        (
            lambda raw: rule(raw, "text").update(when={"noise": {"min": 2, "max": 1}}),
            "min above max",
        ),
        (
            lambda raw: rule(raw, "text").update(when={"noise": 3}),
            "needs min, max or is",
        ),
        (
            lambda raw: rule(raw, "text").update(when={"kind": {"min": 1}}),
            r"needs is = \[words\]",
        ),
        (
            lambda raw: rule(raw, "text").update(grow_px=-1),
            "whole number from 0 to 256",
        ),
        (lambda raw: raw["rule"].pop(), "must end with a rule for everything"),
        (lambda raw: raw["rule"].append(raw["rule"][-1]), "two rules named 'texture and"),
        (
            lambda raw: raw["rule"].append({**raw["rule"][-1], "name": "more"}),
            r"rule \d \(more\) can never decide: rule \d \(texture and structure\) holds wherever",
        ),
        (
            lambda raw: raw["rule"].insert(
                raw["rule"].index(rule(raw, "plain")) + 1,
                {
                    **rule(raw, "plain"),
                    "name": "plainer",
                    "when": {
                        "smooth_residual": {"max": 0.1},
                        "edge_density": {"max": 0.01},
                        "noise": {"min": 3},
                    },
                },
            ),
            r"rule \d \(plainer\) can never decide",
        ),
        (lambda raw: rule(raw, "text").update(when={"kind": {"is": ["texts"]}}), "called 'texts'"),
        (lambda raw: rule(raw, "text").update(when={"kind": {"is": []}}), r"needs is = \[words\]"),
        (
            lambda raw: rule(raw, "plain").update(compare_with="flat"),
            "compares flat with itself",
        ),
        (
            lambda raw: rule(raw, "plain").update(decide_by="gates"),
            "decide_by but no compare_with",
        ),
        (
            lambda raw: rule(raw, "nearly").update(decide_by="dice"),
            'must be "gates" or "probes"',
        ),
        (lambda raw: rule(raw, "nearly").update(compare_with=3), "compare_with is no text"),
        (
            lambda raw: rule(raw, "text").update(because="{noise"),
            "because must be a sentence",
        ),
        (
            lambda raw: rule(raw, "text").update(because="{noise:.3f}"),
            "because must be a sentence",
        ),
        (
            lambda raw: rule(raw, "text").update(parameters={"a": [1]}),
            "a table of numbers and words",
        ),
        (
            lambda raw: rule(raw, "plain")["when"].update(noise={"max": float("nan")}),
            "by numbers",
        ),
    ],
)
def test_a_broken_policy_is_refused_with_a_sentence(change: Any, says: str) -> None:
    with pytest.raises(BadSetting, match=says) as caught:
        parse_policy(_broken(change), "mine.toml")
    said = str(caught.value)
    assert said.startswith("The routing policy mine.toml cannot be used: ")
    assert said.split(": ", 1)[1].startswith(("it ", "rule "))
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
