"""Train the combined risk from labelled edits: `python -m inpaint_studio.gating.train --edits DIR`.

Nothing here is tuned by hand: features are z-scored, weighted by a ridge logistic fit, tested by
cross-validation that never splits a photo, and written with the figures of that test.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from inpaint_studio.gating import fit
from inpaint_studio.gating.base import JudgeRequest
from inpaint_studio.gating.labelled import BAD, GOOD, LabelledEdit, read_edits
from inpaint_studio.gating.readings.table import ROWS
from inpaint_studio.gating.risk import Z_LIMIT, scaled
from inpaint_studio.gating.scene import make_scene

LOGS = (
    "high_freq_power_ratio", "hf_worst_tenth", "texture_amplitude", "texture_missing",
    "texture_excess", "new_colour_mean", "strip_colour", "strip_mean", "spectral_consistency",
)  # fmt: skip
PAIR = (
    "seam", "seam_share", "strip_colour", "strip_mean", "high_freq_power_ratio",
    "hf_worst_tenth", "spectral_consistency", "texture_amplitude", "texture_missing",
    "texture_excess", "new_colour", "new_colour_mean", "residue", "ghost",
)  # fmt: skip
RIDGE = 3.0
PASS_GOOD = 0.75


def features_of(edit: LabelledEdit) -> dict[str, float]:
    """Return every cheap feature of one edit."""
    scene = make_scene(
        JudgeRequest(before=edit.before, after=edit.after, mask=edit.mask, engine=edit.engine)
    )
    found: dict[str, float] = {}
    for row in ROWS:
        if row.measure is not None:
            measured = row.measure(scene)
            found[row.name] = measured.value
            found.update(measured.also)
    return found


def train(edits: Sequence[LabelledEdit], version: str) -> dict[str, Any]:
    """Return a gate set as plain data."""
    rows = [features_of(edit) for edit in edits]
    labels = np.array([edit.label for edit in edits])
    photos = [edit.photo for edit in edits]
    names = [name for name in PAIR if name in rows[0]]
    raw = np.array([[scaled(row[n], "log" if n in LOGS else "plain") for n in names]
                    for row in rows])  # fmt: skip
    held = np.zeros(len(rows))
    for fold in range(10):
        test = fit.folds(photos, 10, 0) == fold
        held[test] = _predict(raw[test], *_fit(raw[~test], labels[~test]))
    mean, std, weights, intercept = _fit(raw, labels)
    sure = labels != 1
    threshold = fit.passing_threshold(held[labels == GOOD], PASS_GOOD)
    terms = [
        {"name": n, "mean": float(mean[i]), "std": float(std[i]), "weight": float(weights[i]),
         "scale": "log" if n in LOGS else "plain"}
        for i, n in enumerate(names)
    ]  # fmt: skip
    return {
        "version": version,
        "models": {"pair": {"terms": terms, "intercept": intercept}},
        "thresholds": {"pair": threshold, "probed": threshold},
        "undecided": [0.05, 0.95],
        "bands": _bands(rows, labels),
        "training": {
            "edits": len(rows),
            "photos": len(set(photos)),
            "auc_bad_good": fit.auc(held[sure], labels[sure] == BAD),
            "auc_bad_rest": fit.auc(held, labels == BAD),
            "good_passing": float((held[labels == GOOD] <= threshold).mean()),
            "bad_flagged": float((held[labels == BAD] > threshold).mean()),
        },
    }


def _fit(raw: fit.Matrix, labels: np.ndarray) -> tuple[fit.Matrix, fit.Matrix, fit.Matrix, float]:
    mean, std = fit.standardise(raw)
    z = np.clip((raw - mean) / std, -Z_LIMIT, Z_LIMIT)
    weights, intercept = fit.logistic(z, labels / 2.0, np.ones(len(labels)), RIDGE)
    return mean, std, weights, intercept


def _predict(
    raw: fit.Matrix, mean: fit.Matrix, std: fit.Matrix, weights: fit.Matrix, intercept: float
) -> fit.Matrix:
    z = np.clip((raw - mean) / std, -Z_LIMIT, Z_LIMIT)
    return np.asarray(1 / (1 + np.exp(-(z @ weights + intercept))))


def _bands(rows: Sequence[dict[str, float]], labels: np.ndarray) -> dict[str, list[float | None]]:
    """A band holds what 95 % of the good edits show, per side that can be worse."""
    bands: dict[str, list[float | None]] = {}
    for row in ROWS:
        values = [r[row.name] for r, label in zip(rows, labels) if label == GOOD and row.name in r]
        if values:
            bands[row.name] = [
                float(np.quantile(values, 0.025)), float(np.quantile(values, 0.975)),
            ]  # fmt: skip
    return bands


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m inpaint_studio.gating.train")
    parser.add_argument("--edits", type=Path, required=True, help="folder with labels.csv")
    parser.add_argument("-o", "--output", type=Path, required=True, help="the gate file to write")
    parser.add_argument("--version", default="1", help="name of the new gate set")
    chosen = parser.parse_args(arguments)
    gates = train(list(read_edits(chosen.edits)), chosen.version)
    chosen.output.write_text(json.dumps(gates, indent=1) + "\n")
    sys.stdout.write(json.dumps(gates["training"], indent=1) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
