"""Brings models in from a folder or a USB stick: checked, copied, checked again, registered.

A model is copied under a hidden name and renamed at the end, so a cancelled or failed import
leaves nothing half-written in the models folder.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

from inpaint_studio.errors import BadModel, StorageError
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.paths import ensure
from inpaint_studio.weights import manifest
from inpaint_studio.weights.entries import KINDS, ModelEntry, ModelKind
from inpaint_studio.weights.families import BY_NAME, family_of_class
from inpaint_studio.weights.folder import (
    ModelFolder,
    files_of,
    inspect,
    is_companion,
    kinds_for,
    sizes_of,
)
from inpaint_studio.weights.guard import check_bytes, check_folder_text, read_index
from inpaint_studio.weights.known import is_known_sum, match
from inpaint_studio.weights.tensors import CHUNK, read_header
from inpaint_studio.weights.verify import verify

Probe: TypeAlias = Callable[[ModelEntry, RunToken], ModelEntry]
"""Finds out how a fill network wants its pixels. Raises: BadModel: it is no fill network."""

DEPTH = 5
FREE_AFTER = 200_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What became of one file or folder. `entry` is None when it was refused."""

    source: Path
    sentence: str
    entry: ModelEntry | None = None
    is_new: bool = True


def find_models(source: Path) -> tuple[Path, ...]:
    """Return the models at or under `source`: diffusers folders and single model files."""
    if source.is_file():
        return (source,)
    return tuple(_walk(source, 0))


def _walk(folder: Path, depth: int) -> Iterator[Path]:
    if (folder / "model_index.json").is_file():
        yield folder
        return
    try:
        children = sorted(folder.iterdir())
    except OSError:
        return
    for child in children:
        if child.name.startswith("."):
            continue
        if child.is_dir() and not child.is_symlink():
            if depth < DEPTH:
                yield from _walk(child, depth + 1)
        elif kinds_for(child.suffix):
            yield child


def kind_of(path: Path, wanted: ModelKind | None = None) -> ModelKind:
    """Return what kind of model a file or folder is. Raises: BadModel: nobody can tell."""
    if wanted is not None:
        return wanted
    if path.is_dir():
        family = family_of_class(str(read_index(path)["_class_name"]))
        return "upscale" if family is not None and family.use == "upscale" else "diffusion"
    kinds = kinds_for(path.suffix)
    for kind in kinds:
        if match(path.name, kind) is not None:
            return kind
    if len(kinds) == 1 or path.suffix.lower() == ".safetensors":
        return "diffusion" if path.suffix.lower() == ".safetensors" else kinds[0]
    if path.parent.name in KINDS and path.parent.name in kinds:
        return path.parent.name
    if not kinds:
        raise BadModel(f"{path.name} is refused: it is no model file this program uses.")
    raise BadModel(
        f"It cannot be told what {path.name} is for; say it with --kind ({', '.join(kinds)})."
    )


def import_models(
    source: Path,
    folder: ModelFolder,
    token: RunToken,
    *,
    kind: ModelKind | None = None,
    trust: bool = False,
    overwrite: bool = False,
    probe: Probe | None = None,
) -> tuple[Imported, ...]:
    """Import every model at or under `source`; what is refused is reported, not raised.

    trust: the user's word that TorchScript in it comes from a source they trust.
    Raises: BadModel: there is no such place, or no model in it. StorageError. Cancelled.
    """
    if not source.exists():
        raise BadModel(f"{source} does not exist; check that the folder or stick is there.")
    found = find_models(source)
    if not found:
        raise BadModel(f"There is no model in {source}; choose a folder that holds model files.")
    sizes = [sum(size for size, _ in sizes_of(path).values()) for path in found]
    total, done = sum(sizes) or 1, 0
    results = []
    for path, size in zip(found, sizes, strict=True):
        part = token.within(done / total, min(1.0, (done + size) / total), f"importing {path.name}")
        results.append(_import(path, folder, part, kind, trust, overwrite, probe))
        done += size
    return tuple(results)


def _import(
    path: Path,
    folder: ModelFolder,
    token: RunToken,
    kind: ModelKind | None,
    trust: bool,
    overwrite: bool,
    probe: Probe | None,
) -> Imported:
    try:
        if path.is_dir() and is_companion(path):
            return _companion(path, folder, token)
        real = kind_of(path, kind)
        family = inspect(path, real)
        if family in BY_NAME and BY_NAME[family].use == "upscale":
            real = "upscale"
        target = folder.root / real / path.name
        old = folder.find(f"{real}/{path.name}", real)
        if target.exists() and not overwrite:
            return _existing(path, target, old, token)
        _copy(path, target, token.within(0.0, 0.5, f"copying {path.name}"))
        return _register(path, folder, real, token.within(0.5, 1.0), trust, probe)
    except BadModel as error:
        return Imported(source=path, sentence=str(error), is_new=False)


def _register(
    source: Path,
    folder: ModelFolder,
    kind: ModelKind,
    token: RunToken,
    trust: bool,
    probe: Probe | None,
) -> Imported:
    target = folder.root / kind / source.name
    entry = next(e for e in folder.entries(kind) if e.path == target)
    checked = verify(entry, token)
    if checked.state != "ready":
        remove(target)
        manifest.drop(folder.root, checked.id)
        return Imported(source=source, sentence=checked.advice, is_new=False)
    checked = replace(checked, trusted=trust or is_known_sum(checked.sha256))
    note = ""
    if kind == "erase":
        if target.suffix.lower() == ".pt" and not checked.trusted:
            note = (
                f" It is TorchScript, which is program code: it is not used until you run "
                f"`models verify --trust {checked.id}`."
            )
        elif probe is not None and checked.contract is None:
            try:
                checked = probe(checked, token)
            except BadModel as error:
                remove(target)
                manifest.drop(folder.root, checked.id)
                return Imported(source=source, sentence=str(error), is_new=False)
    manifest.put(folder.root, checked)
    licence = f" Licence: {checked.licence}." if checked.licence else ""
    return Imported(
        source=source, sentence=f"{checked.name} was imported.{licence}{note}", entry=checked
    )


def _existing(path: Path, target: Path, old: ModelEntry | None, token: RunToken) -> Imported:
    if {n: s for n, (s, _) in sizes_of(path).items()} == {
        n: s for n, (s, _) in sizes_of(target).items()
    } and all(
        _sum(a, token) == _sum(b, token)
        for a, b in zip(files_of(path), files_of(target), strict=True)
    ):
        return Imported(
            source=path, sentence=f"{path.name} is already there.", entry=old, is_new=False
        )
    return Imported(
        source=path,
        sentence=f"{path.name} was not imported: another model of that name is there. "
        "Use --overwrite to replace it.",
        is_new=False,
    )


def _companion(path: Path, folder: ModelFolder, token: RunToken) -> Imported:
    read_index(path)
    check_folder_text(path)
    for file in sorted(path.rglob("*.safetensors")):
        check_bytes(file)
        read_header(file)
    _copy(path, folder.root / "diffusion" / path.name, token)
    return Imported(source=path, sentence=f"{path.name}: settings for a single file were imported.")


def _copy(source: Path, target: Path, token: RunToken) -> None:
    """Copy a model's files (only those that are ever opened) under a hidden name, then rename.

    Raises: StorageError: no room or not writable; nothing is left behind. Cancelled.
    """
    ensure(target.parent)
    files = (source,) if source.is_file() else files_of(source)
    total = sum(file.stat().st_size for file in files)
    free = shutil.disk_usage(target.parent).free
    if free < total + FREE_AFTER:
        raise StorageError(
            f"There is no room for {source.name}: it needs {total / 1e9:.1f} GB and "
            f"{free / 1e9:.1f} GB are free in {target.parent}."
        )
    draft = target.parent / f".{target.name}.part"
    remove(draft)
    done = 0
    try:
        for file in files:
            place = draft if source.is_file() else draft / file.relative_to(source)
            place.parent.mkdir(parents=True, exist_ok=True)
            done = _copy_file(file, place, token, done, total)
        remove(target)
        draft.replace(target)
    except OSError as error:
        raise StorageError(
            f"{source.name} could not be copied to {target.parent} ({error.strerror})."
        ) from error
    finally:
        remove(draft)


def _copy_file(source: Path, target: Path, token: RunToken, done: int, total: int) -> int:
    with source.open("rb", buffering=0) as reader, target.open("wb", buffering=0) as writer:
        while chunk := reader.read(CHUNK):
            view = memoryview(chunk)
            while view:
                view = view[writer.write(view) :]
            done += len(chunk)
            token.step(done / max(total, 1))
        os.fsync(writer.fileno())
    return done


def remove(path: Path) -> None:
    """Delete a file or folder if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _sum(path: Path, token: RunToken) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            token.check()
            digest.update(chunk)
    return digest.hexdigest()
