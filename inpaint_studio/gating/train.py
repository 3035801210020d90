"""Train the combined risk from labelled edits: `python -m inpaint_studio.gating.train --edits DIR`.

Nothing here is tuned by hand. Features are z-scored and weighted by a ridge logistic fit; which
are taken as logarithms (those with a long tail) and how strong the ridge is, is decided inside
the training part of every fold. The test never splits a photo. Beside the labelled edits, two
kinds of made ones may be learned from: the true pixels where they lie in the folder (perfect
edits, good), and good edits with one planted fault (bad).
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import skew

from inpaint_studio.gating import fit
from inpaint_studio.gating.base import JudgeRequest
from inpaint_studio.gating.labelled import BAD, DOUBTFUL, GOOD, LabelledEdit, read_edits
from inpaint_studio.gating.planted import FAULTS, plant
from inpaint_studio.gating.readings.table import ROWS, Row, cheap, witnesses
from inpaint_studio.gating.risk import LOG_FLOOR, Z_LIMIT
from inpaint_studio.gating.scene import make_scene

RIDGES = (3.0, 10.0, 30.0)
FOLDS = 10
SEEDS = 3
LONG_TAIL = 1.5
BAD_FLAGGED = 0.97
BAND = 0.975
MADE_WEIGHT = 0.1
UNWEIGHED = ("ghost", "ghost_z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One edit's features. `origin`: "label" (a person's), "truth", or the planted fault."""

    photo: str
    engine: str
    label: int
    origin: str
    features: dict[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """A fitted model over named features."""

    names: tuple[str, ...]
    is_log: NDArray[np.bool_]
    mean: fit.Matrix
    std: fit.Matrix
    weights: fit.Matrix
    intercept: float
    ridge: float

    def logit(self, values: fit.Matrix) -> fit.Matrix:
        z = np.clip((_moved(values, self.is_log) - self.mean) / self.std, -Z_LIMIT, Z_LIMIT)
        return np.asarray(z @ self.weights + self.intercept)


def features_of(edit: LabelledEdit, rows: Iterable[Row]) -> dict[str, float]:
    """Return the features of one edit that need the pair alone."""
    scene = make_scene(JudgeRequest(before=edit.before, after=edit.after, mask=edit.mask))
    found: dict[str, float] = {}
    for row in rows:
        if row.measure is not None:
            measured = row.measure(scene)
            found[row.name] = measured.value
            found.update(measured.also)
    return found


def collect(
    edits: Iterable[LabelledEdit], *, made: bool, report: Callable[[int], None] = lambda _: None
) -> list[Sample]:
    """Measure labelled edits and, when `made`, perfect and planted ones of the same photos."""
    rows = (*cheap(), *witnesses())
    samples: list[Sample] = []
    perfect: set[str] = set()
    for number, edit in enumerate(edits, start=1):
        report(number)
        todo = [(edit.label, "label", edit)]
        if made and edit.truth is not None and edit.photo not in perfect:
            perfect.add(edit.photo)
            todo.append((GOOD, "truth", edit.with_after(edit.truth)))
        if made and edit.label == GOOD:
            for fault in FAULTS:
                planted = plant(edit.before, edit.after, edit.mask, fault)
                todo.append((BAD, fault, edit.with_after(planted.after)))
        samples.extend(
            Sample(
                photo=made_edit.photo, engine=made_edit.engine, label=label, origin=origin,
                features=features_of(made_edit, rows),
            )
            for label, origin, made_edit in todo
        )  # fmt: skip
    return samples


def feature_names(samples: Sequence[Sample], rows: Iterable[Row]) -> tuple[str, ...]:
    """Return the features these rows give, in a fixed order."""
    dearer = {
        name for row in witnesses() for name in (row.name, *_also(samples, row.name))
    }  # fmt: skip
    wanted = {row.name for row in rows}
    every = sorted(samples[0].features)
    whole = {row.name for row in witnesses()} <= wanted
    return tuple(n for n in every if n not in UNWEIGHED and (whole or n not in dearer))


def _also(samples: Sequence[Sample], name: str) -> tuple[str, ...]:
    prefixes = {"consensus": ("agree_", "witness_"), "patch_support": ("patch_",)}
    return tuple(n for n in samples[0].features if n.startswith(prefixes.get(name, ("\0",))))


def fit_model(
    values: fit.Matrix,
    samples: Sequence[Sample],
    names: tuple[str, ...],
    *,
    made_weight: float,
) -> Fit:
    """Fit one model; the ridge is chosen by cross-validation inside these samples."""
    labels = np.array([sample.label for sample in samples])
    own = np.array([sample.origin == "label" for sample in samples])
    weight = np.where(own, 1.0, made_weight)
    is_log = (values.min(axis=0) >= 0) & (skew(values[own], axis=0) > LONG_TAIL)
    moved = _moved(values, is_log)
    mean, std = fit.standardise(moved[own])
    z = np.clip((moved - mean) / std, -Z_LIMIT, Z_LIMIT)
    target = labels / 2.0
    photos = [sample.photo for sample in samples]
    inner = fit.folds(photos, 5, 99)
    quality = []
    for ridge in RIDGES:
        held = np.zeros(len(z))
        for fold in range(5):
            test = inner == fold
            weights, intercept = fit.logistic(z[~test], target[~test], weight[~test], ridge)
            held[test] = z[test] @ weights + intercept
        sure = own & (labels != DOUBTFUL)
        quality.append(fit.auc(held[sure], labels[sure] == BAD))
    ridge = RIDGES[int(np.argmax(quality))]
    weights, intercept = fit.logistic(z, target, weight, ridge)
    return Fit(
        names=names, is_log=is_log, mean=mean, std=std, weights=weights, intercept=intercept,
        ridge=ridge,
    )  # fmt: skip


def held_out(
    samples: Sequence[Sample], names: tuple[str, ...], *, made_weight: float
) -> fit.Matrix:
    """Return every sample's logit from models that never saw its photo (mean of 3 splits)."""
    values = _matrix(samples, names)
    photos = [sample.photo for sample in samples]
    total = np.zeros(len(samples))
    for seed in range(SEEDS):
        numbers = fit.folds(photos, FOLDS, seed)
        for fold in range(FOLDS):
            test = numbers == fold
            rest = [sample for sample, out in zip(samples, test) if not out]
            model = fit_model(values[~test], rest, names, made_weight=made_weight)
            total[test] += model.logit(values[test])
    return total / SEEDS


def train(
    samples: Sequence[Sample], version: str, *, made_weight: float = MADE_WEIGHT
) -> dict[str, Any]:
    """Return a gate set as plain data, with the figures of its test."""
    models: dict[str, Any] = {}
    thresholds: dict[str, float] = {}
    figures: dict[str, Any] = {}
    sets = {"quick": cheap(), "pair": (*cheap(), *witnesses())}
    logits: dict[str, fit.Matrix] = {}
    for name, rows in sets.items():
        names = feature_names(samples, rows)
        held = held_out(samples, names, made_weight=made_weight)
        logits[name] = held
        model = fit_model(_matrix(samples, names), samples, names, made_weight=made_weight)
        models[name] = _as_data(model)
        own = _own(samples)
        bad = np.array([sample.label == BAD for sample in samples]) & own
        limit = fit.passing_threshold(held[bad], 1 - BAD_FLAGGED)
        thresholds[name] = _risk(limit)
        figures[name] = _figures(samples, held, limit) | {"ridge": model.ridge}
    return {
        "version": version,
        "models": models,
        "thresholds": thresholds,
        "undecided": _undecided(samples, logits["quick"]),
        "bands": _bands(samples),
        "alarms": _alarms(samples),
        "training": {
            "edits": int(_own(samples).sum()),
            "photos": len({sample.photo for sample in samples}),
            "made_edits": int((~_own(samples)).sum()),
            "made_weight": made_weight,
            "held_out_by_photo": figures,
            "single_readings_auc": _single(samples),
        },
    }


def _own(samples: Sequence[Sample]) -> NDArray[np.bool_]:
    return np.array([sample.origin == "label" for sample in samples])


def _matrix(samples: Sequence[Sample], names: Sequence[str]) -> fit.Matrix:
    return np.array([[sample.features[name] for name in names] for sample in samples])


def _moved(values: fit.Matrix, is_log: NDArray[np.bool_]) -> fit.Matrix:
    moved = values.copy()
    moved[:, is_log] = np.log(np.maximum(values[:, is_log], 0) + LOG_FLOOR)
    return moved


def _risk(logit: float) -> float:
    return float(1 / (1 + np.exp(-logit)))


def _as_data(model: Fit) -> dict[str, Any]:
    terms = [
        {
            "name": name,
            "mean": float(model.mean[i]),
            "std": float(model.std[i]),
            "weight": float(model.weights[i]),
            "scale": "log" if model.is_log[i] else "plain",
        }
        for i, name in enumerate(model.names)
    ]
    return {"terms": terms, "intercept": model.intercept}


def _figures(samples: Sequence[Sample], held: fit.Matrix, limit: float) -> dict[str, Any]:
    """The figures of the test, on people's labels; made edits apart."""
    labels = np.array([sample.label for sample in samples])
    own = _own(samples)
    good, bad = held[own & (labels == GOOD)], held[own & (labels == BAD)]
    sure = own & (labels != DOUBTFUL)
    found: dict[str, Any] = {
        "auc_bad_against_good": fit.auc(held[sure], labels[sure] == BAD),
        "auc_bad_against_rest": fit.auc(held[own], labels[own] == BAD),
        "bad_flagged": float((bad > limit).mean()),
        "good_passing": float((good <= limit).mean()),
    }
    for share in (0.6, 0.75, 0.8):
        threshold = fit.passing_threshold(good, share)
        found[f"bad_flagged_at_{share:g}_good_passing"] = float((bad > threshold).mean())
    for origin in sorted({sample.origin for sample in samples} - {"label"}):
        mine = np.array([sample.origin == origin for sample in samples])
        key = "passing" if origin == "truth" else "flagged"
        share = (held[mine] <= limit).mean() if origin == "truth" else (held[mine] > limit).mean()
        found[f"{origin}_{key}"] = float(share)
    return found


def _undecided(samples: Sequence[Sample], held: fit.Matrix) -> list[float]:
    """Below the first bound no bad edit was seen, above the second no good one: 1 % each."""
    labels = np.array([sample.label for sample in samples])
    own = _own(samples)
    low = float(np.quantile(held[own & (labels == BAD)], 0.005))
    high = float(np.quantile(held[own & (labels == GOOD)], 0.99))
    return [_risk(min(low, high)), _risk(max(low, high))]


def _bands(samples: Sequence[Sample]) -> dict[str, list[float | None]]:
    """A band holds what 97.5 % of the good edits show, on each side that can be worse."""
    bands: dict[str, list[float | None]] = {}
    good = [sample for sample in samples if sample.label == GOOD]
    for row in ROWS:
        values = [s.features[row.name] for s in good if row.name in s.features]
        if values and row.judged:
            bands[row.name] = [
                float(np.quantile(values, 1 - BAND)), float(np.quantile(values, BAND)),
            ]  # fmt: skip
    return bands


def _alarms(samples: Sequence[Sample]) -> dict[str, float]:
    """The most any good or perfect edit ever showed; beyond it a reading rejects by itself."""
    clean = [sample for sample in samples if sample.label == GOOD]
    judged = [r for r in ROWS if r.judged and r.alarms and r.name in clean[0].features]
    return {row.name: max(s.features[row.name] for s in clean) for row in judged if not row.high}


def _single(samples: Sequence[Sample]) -> dict[str, float]:
    """The AUC of every feature by itself (its better direction), people's labels only."""
    sure = [s for s in samples if s.origin == "label" and s.label != DOUBTFUL]
    is_bad = np.array([s.label == BAD for s in sure])
    found: dict[str, float] = {}
    for name in sorted(sure[0].features):
        value = fit.auc(np.array([s.features[name] for s in sure]), is_bad)
        found[name] = round(max(value, 1 - value), 4)
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m inpaint_studio.gating.train")
    parser.add_argument("--edits", type=Path, required=True, help="folder with labels.csv")
    parser.add_argument("-o", "--output", type=Path, required=True, help="the gate file to write")
    parser.add_argument("--version", default="1", help="name of the new gate set")
    parser.add_argument(
        "--labels-only", action="store_true", help="learn from no perfect and no planted edits"
    )
    chosen = parser.parse_args(arguments)

    def report(number: int) -> None:
        if number % 20 == 0:
            sys.stderr.write(f"measured {number} edits\n")

    samples = collect(read_edits(chosen.edits), made=not chosen.labels_only, report=report)
    gates = train(samples, chosen.version)
    chosen.output.write_text(json.dumps(gates, indent=1) + "\n")
    sys.stdout.write(json.dumps(gates["training"]["held_out_by_photo"], indent=1) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
