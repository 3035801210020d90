"""Small trees added up: they learn what a sum cannot, say what moved them, and are plain data."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from inpaint_studio.gating import fit, trees
from inpaint_studio.gating.risk import RiskModel, Term, written
from inpaint_studio.gating.train import as_data

NAMES = ("rough", "weak", "idle")


def crossed(count: int = 400) -> tuple[trees.Matrix, trees.Matrix]:
    """Weak texture is a fault where the surroundings are rough, and none where they are plain."""
    values = np.random.default_rng(3).random((count, 3))
    return values, ((values[:, 0] > 0.5) == (values[:, 1] > 0.5)).astype(float)


def grown(**how: float) -> tuple[float, list[trees.Tree]]:
    values, target = crossed()
    growth = trees.Growth(columns=3, trees=60, rate=0.2, **how)  # type: ignore[arg-type]
    return trees.grow(NAMES, values, target, np.ones(len(values)), growth)


def test_trees_learn_what_no_weighted_sum_can_say() -> None:
    values, target = crossed()
    _, forest = grown()
    fresh = np.random.default_rng(4).random((400, 3))
    is_bad = (fresh[:, 0] > 0.5) == (fresh[:, 1] > 0.5)
    assert fit.auc(trees.answers(forest, NAMES, fresh), is_bad) > 0.97
    weights, _ = fit.logistic(values - 0.5, target, np.ones(len(values)), 1.0)
    assert fit.auc(fresh @ weights, is_bad) < 0.6


def test_the_same_values_grow_the_same_trees_and_no_end_is_thin() -> None:
    assert grown() == grown()
    values, _ = crossed()
    _, forest = grown(leaf=50.0)
    for tree in forest:
        firsts = [node for node in tree if node.name][:1]
        for node in firsts:
            low = int((values[:, NAMES.index(node.name)] <= node.limit).sum())
            assert 50 <= low <= len(values) - 50


def test_a_models_shares_add_up_and_a_missing_number_ends_the_way() -> None:
    values, _ = crossed()
    start, forest = grown()
    model = RiskModel(terms=(Term(name="weak", mean=0.5, std=0.3, weight=0.4),), intercept=start,
                      trees=tuple(forest))  # fmt: skip
    features = dict(zip(NAMES, values[0]))
    shares = model.shares(features)
    roots = sum(tree[0].value for tree in forest)
    assert model.logit(features) == pytest.approx(start + roots + sum(s for _, s in shares))
    assert dict(shares).keys() <= set(NAMES) and shares == sorted(shares, key=lambda s: -s[1])
    assert model.logit({}) == pytest.approx(start + roots)
    one_by_one = [sum(trees.walk(t, dict(zip(NAMES, row)))[0] for t in forest) for row in values]
    assert trees.answers(forest, NAMES, values) == pytest.approx(one_by_one)


def problem(**how: object) -> fit.Problem:
    values, target = crossed()
    return fit.Problem(
        names=NAMES, values=values, target=target, weight=np.ones(len(values)),
        photos=[str(n) for n in range(len(values))], sure=np.ones(len(values), dtype=bool),
        growth=trees.Growth(trees=20, rate=0.2, columns=3), **how,
    )  # fmt: skip  # type: ignore[arg-type]


@pytest.mark.parametrize("forests", [1, 3])
def test_a_fitted_model_with_trees_is_plain_data_that_gives_the_same_logits(forests: int) -> None:
    values, _ = crossed()
    model = fit.fit_model(problem(forests=forests))
    assert len(model.trees) == 20 * forests
    text = written({"version": "t", "models": {"quick": as_data(model)}})
    assert max(map(len, text.splitlines())) < 2000
    raw = json.loads(text)["models"]["quick"]
    plain = RiskModel(
        terms=tuple(Term(**term) for term in raw["terms"]), intercept=raw["intercept"],
        trees=tuple(trees.from_data(tree) for tree in raw["trees"]),
    )  # fmt: skip
    for row, logit in zip(values[:40], model.logit(values)):
        assert plain.logit(dict(zip(NAMES, row))) == pytest.approx(float(logit))


def test_several_forests_answer_as_their_mean() -> None:
    values, _ = crossed()
    whole = problem(tree_share=1.0)
    growths = [replace(whole.growth or trees.Growth(), seed=seed) for seed in (0, 1)]
    apart = [fit.fit_model(replace(whole, growth=growth)).logit(values) for growth in growths]
    both = fit.fit_model(replace(whole, forests=2)).logit(values)
    assert not np.allclose(*apart) and both == pytest.approx(np.mean(apart, axis=0))


@pytest.mark.parametrize("raw", [[], [[0.1, "a", 0.5, 0, 1]], [[0.1, "a", 0.5, 1, 9], [0.2]]])
def test_trees_that_lead_nowhere_or_round_in_circles_are_refused(raw: list[list[float]]) -> None:
    with pytest.raises(ValueError, match="tree"):
        trees.from_data(raw)


def test_trees_side_by_side_answer_as_one_after_another() -> None:
    raw = [[[9.0, 0, 1.0, 1, 2], [1.0], [2.0, 1, 0.0, 3, 4], [3.0], [4.0]], [[0.25]]]
    values = np.array([[0.0, 0.0], [2.0, -1.0], [2.0, 1.0]])
    found = trees.forest_of(0.5, raw).answers(values)
    assert found.tolist() == [1.75, 3.75, 4.75]
    named = [
        tuple(
            trees.Node(value=node[0])
            if len(node) == 1
            else trees.Node(value=node[0], name="ab"[int(node[1])], limit=node[2],
                            low=int(node[3]), high=int(node[4]))
            for node in tree
        )
        for tree in raw
    ]  # fmt: skip
    assert np.array_equal(found, 0.5 + trees.answers(named, ["a", "b"], values))
