"""Verifying models as a whole: sums and finite weights, the user's word, and the contracts.

Stands with the engines because a fill network is tried by running it; the command line and the
window both come through here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from inpaint_studio.engines.learned import is_trusted
from inpaint_studio.engines.learned_probe import probed
from inpaint_studio.errors import BadModel
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.weights import manifest
from inpaint_studio.weights.entries import ModelEntry
from inpaint_studio.weights.verify import verify


def check_models(
    entries: Sequence[ModelEntry], root: Path, token: RunToken, *, trust: bool = False
) -> list[ModelEntry]:
    """Return the entries as they really are, in the same order, with progress over all bytes.

    trust: the user's word that TorchScript among them comes from a source they trust.
    Raises: Cancelled.
    """
    total, done, checked = sum(entry.bytes for entry in entries) or 1, 0, []
    for entry in entries:
        part = token.within(
            done / total, min(1.0, (done + entry.bytes) / total), f"verifying {entry.name}"
        )
        found = entry if entry.state == "missing" else verify(entry, part)
        if found.state == "ready" and trust:
            found = replace(found, trusted=True)
            manifest.put(root, found)
        if _needs_trying(found):
            try:
                found = probed(found, part)
            except BadModel as error:
                found = replace(found, state="refused", advice=str(error))
        checked.append(found)
        done += entry.bytes
    return checked


def _needs_trying(entry: ModelEntry) -> bool:
    return (
        entry.state == "ready"
        and entry.kind == "erase"
        and entry.contract is None
        and is_trusted(entry)
    )
