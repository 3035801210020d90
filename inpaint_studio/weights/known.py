"""Well-known models (`resources/models/known.json`): how to recognise, obtain and drive them.

Sums stand there only where they are publicly known; a sum is never guessed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cache

from inpaint_studio.paths import resource
from inpaint_studio.weights.entries import Contract, ModelKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A well-known model: file name pattern, where to obtain it in words, sums, contract."""

    name: str
    kind: ModelKind
    file: str
    family: str = ""
    what: str = ""
    obtain: str = ""
    licence: str = ""
    bytes: int = 0
    sha256: str = ""
    md5: str = ""
    contract: Contract | None = None


@cache
def known_models() -> tuple[Known, ...]:
    """Return the table that comes with the program."""
    path = resource("models", "known.json")
    if not path.is_file():
        return ()
    rows = json.loads(path.read_text("utf-8"))["models"]
    return tuple(
        Known(**{**row, "contract": Contract(**row["contract"]) if "contract" in row else None})
        for row in rows
    )


def match(file_name: str, kind: ModelKind) -> Known | None:
    """Return the well-known model a file name looks like, or None.

    Of several the one with the longest pattern: "stable diffusion XL" is no "stable diffusion".
    """
    alike = [
        known
        for known in known_models()
        if known.kind == kind and fnmatch(file_name.lower(), known.file.lower())
    ]
    return max(alike, key=lambda known: len(known.file), default=None)


def contract_of(file_name: str) -> Contract | None:
    known = match(file_name, "erase")
    return known.contract if known else None


def is_known_sum(sha256: str) -> bool:
    """Whether this very file is one whose sum its publishers and users agree on."""
    return bool(sha256) and any(known.sha256 == sha256 for known in known_models())
