"""The models folder: what lies there, what state it is in, and what to do about it.

`models/{text,objects,erase,segment,diffusion,upscale}/…`: one file or one diffusers folder is
one model. Listing is cheap (names, sizes, headers, never a sum), so a window may do it often.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from inpaint_studio.errors import BadModel
from inpaint_studio.paths import models_dir
from inpaint_studio.weights import manifest
from inpaint_studio.weights.entries import KINDS, FileSum, ModelEntry, ModelKind, ModelState
from inpaint_studio.weights.families import family_of_class, family_of_tensors
from inpaint_studio.weights.guard import (
    FILE_TYPES,
    FOLDER_TYPES,
    check_file,
    check_folder,
    read_index,
)
from inpaint_studio.weights.known import contract_of, match
from inpaint_studio.weights.tensors import read_header


class ModelFolder:
    """The models on disk. Stateless: every call looks again."""

    def __init__(self, root: Path | None = None) -> None:
        self.root = root or models_dir()

    def entries(self, *kinds: ModelKind) -> tuple[ModelEntry, ...]:
        """Return every model of these kinds (all, when none is named), sorted by id."""
        rows = manifest.read(self.root)
        wanted = kinds or KINDS
        found = [
            self._entry(kind, path, rows) for kind in wanted for path in self._candidates(kind)
        ]
        seen = {entry.id for entry in found}
        found += [
            replace(row, state="missing", advice=_gone(row))
            for row in rows.values()
            if row.id not in seen and row.kind in wanted
        ]
        return tuple(sorted(found, key=lambda entry: entry.id))

    def usable(self, *kinds: ModelKind) -> tuple[ModelEntry, ...]:
        """Return what an engine may try, checked models first."""
        ready = [entry for entry in self.entries(*kinds) if entry.is_usable]
        return tuple(sorted(ready, key=lambda entry: (entry.state != "ready", entry.id)))

    def find(self, name: str, *kinds: ModelKind) -> ModelEntry | None:
        """Return the model whose id, name or SHA-256 is `name`, or None."""
        for entry in self.entries(*kinds):
            if name and name in (entry.id, entry.name, entry.sha256):
                return entry
        return None

    def _candidates(self, kind: ModelKind) -> Iterable[Path]:
        folder = self.root / kind
        if not folder.is_dir():
            return []
        return sorted(path for path in folder.iterdir() if self._is_candidate(kind, path))

    @staticmethod
    def _is_candidate(kind: ModelKind, path: Path) -> bool:
        if path.name.startswith(".") or path.name.endswith((".part", ".json", ".md", ".txt")):
            return False
        if path.is_dir():
            # A folder of settings beside a single file is that file's companion, no model.
            return kind in ("diffusion", "upscale") and not is_companion(path)
        return not path.name.upper().startswith(("LICENSE", "LICENCE", "README"))

    def _entry(self, kind: ModelKind, path: Path, rows: dict[str, ModelEntry]) -> ModelEntry:
        model_id = f"{kind}/{path.name}"
        row = rows.get(model_id)
        sizes = sizes_of(path)
        if row is not None and is_unchanged(row.files, sizes):
            return row
        advice = "It is checked on first use; `models verify` does it now."
        if row is not None:
            advice = "Its files changed since they were checked; `models verify` checks them again."
        state: ModelState = "new"
        family = ""
        try:
            family = inspect(path, kind)
        except BadModel as error:
            advice, state = str(error), state_of(error)
        except OSError as error:
            advice, state = f"{path.name} cannot be read ({error.strerror}).", "damaged"
        known = match(path.name, kind)
        return ModelEntry(
            id=model_id,
            kind=kind,
            name=path.stem if path.is_file() else path.name,
            path=path,
            family=family,
            bytes=sum(size for size, _ in sizes.values()),
            state=state,
            advice=advice,
            licence=known.licence if known else "",
            known=known.name if known else "",
            contract=contract_of(path.name) if kind == "erase" else None,
        )


def inspect(path: Path, kind: ModelKind) -> str:
    """Return the model's family after the cheap checks. Raises: BadModel."""
    if path.is_dir():
        check_folder(path)
        family = family_of_class(str(read_index(path)["_class_name"]))
        return family.name if family else ""
    check_file(path, kind)
    if path.suffix.lower() == ".safetensors":
        found = family_of_tensors({tensor.name: tensor.shape for tensor in read_header(path)})
        if found is None:
            raise BadModel(
                f"{path.name} is refused: its tensors belong to no inpainting model this program "
                "knows. Put a whole checkpoint or a diffusers folder here."
            )
        return found.name
    contract = contract_of(path.name)
    known = match(path.name, kind)
    if known is not None and known.family:
        return known.family
    return contract.layout if contract else path.suffix.lower().lstrip(".")


def is_companion(folder: Path) -> bool:
    """Whether a folder only completes a single file beside it (settings, word lists, encoders).

    It is named like the file, or `FAMILY-settings`, and holds no denoiser of its own.
    """
    if not (folder / "model_index.json").is_file():
        return False
    named = folder.name.endswith("-settings")
    if not named and not folder.with_name(f"{folder.name}.safetensors").is_file():
        return False
    cores = (folder / "unet", folder / "transformer")
    return not any(file.suffix in (".safetensors", ".bin") for c in cores for file in c.glob("*"))


def files_of(path: Path) -> tuple[Path, ...]:
    """Return the files of a model that are ever opened, sorted.

    A single file brings the folder of its name along: both decide the pixels.
    """
    folder = path
    alone: tuple[Path, ...] = ()
    if not path.is_dir():
        folder, alone = path.with_suffix(""), (path,)
        if path.suffix != ".safetensors" or not folder.is_dir() or not is_companion(folder):
            return alone
    inside = sorted(
        file for file in folder.rglob("*") if file.is_file() and file.suffix.lower() in FOLDER_TYPES
    )
    return (*alone, *inside)


def name_in(path: Path, file: Path) -> str:
    """Return the name of one of a model's files inside the model."""
    return file.relative_to(path if path.is_dir() else path.parent).as_posix()


def sizes_of(path: Path) -> dict[str, tuple[int, int]]:
    """Return {file inside the model: (bytes, mtime in ns)}."""
    sizes: dict[str, tuple[int, int]] = {}
    for file in files_of(path):
        try:
            stat = file.stat()
        except OSError:
            continue
        sizes[name_in(path, file)] = (stat.st_size, stat.st_mtime_ns)
    return sizes


def is_unchanged(sums: tuple[FileSum, ...], sizes: dict[str, tuple[int, int]]) -> bool:
    return bool(sums) and {file.file: (file.bytes, file.mtime_ns) for file in sums} == sizes


def state_of(error: BadModel) -> ModelState:
    """Return the state a refusal's sentence speaks of."""
    text = str(error)
    if "is refused" in text:
        return "refused"
    return "missing" if "is missing" in text or "is incomplete" in text else "damaged"


def _gone(row: ModelEntry) -> str:
    return f"{row.path.name} is no longer in the models folder; put it back or import it again."


def kinds_for(suffix: str) -> tuple[ModelKind, ...]:
    """Return the kinds whose models may be files of this type."""
    return tuple(kind for kind in KINDS if suffix.lower() in FILE_TYPES[kind])
