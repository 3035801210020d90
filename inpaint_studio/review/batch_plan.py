"""What a batch is asked, which photos it covers, and the name each result will have.

A batch is named by its folder, its output and its options, so that the same call finds the
same batch: a second run does only what is new or has changed, and a run after a crash goes on.
Every result's name is reserved when the photo is listed: `dup.png` and `dup.jpg` never meet,
and a file that the batch did not write itself is never replaced.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from inpaint_studio.errors import BadSetting, StorageError
from inpaint_studio.records import KINDS, Kind, RunOptions, from_json, to_json
from inpaint_studio.settings import Settings
from inpaint_studio.store.rows import BatchItemRow

WRITABLE = (".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".avif")
READABLE = (
    *WRITABLE, ".bmp", ".gif", ".heic", ".heif", ".psd", ".dng", ".nef", ".cr2", ".arw",
    ".jp2", ".ppm",
)  # fmt: skip
INSTEAD = ".tif"
"""The format of a result whose own cannot be written: it keeps depth, profile and alpha."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchOptions:
    """Everything a batch is asked.

    propose: kinds of proposals to remove; mask: one mask for all photos; masks: a folder with
    `NAME.png` for `NAME.*`. Exactly one of the three. sure: proposals below this confidence
    are filled too, but wait for a person whatever the gate says. pattern: glob of file names.
    """

    propose: tuple[Kind, ...] = ()
    mask: str = ""
    masks: str = ""
    pattern: str = "*"
    recursive: bool = True
    sure: float = 0.8
    run: RunOptions = field(default_factory=RunOptions)
    audit_share: float = 0.05
    double_share: float = 0.0
    blind_share: float = 0.2

    def check(self) -> BatchOptions:
        """Return these options. Raises: BadSetting: the sentence says what is wrong."""
        ways = [bool(self.propose), bool(self.mask), bool(self.masks)]
        if sum(ways) != 1:
            raise BadSetting(
                "A batch needs one way to find what to remove: --propose KINDS, --mask FILE "
                "or --masks FOLDER."
            )
        for kind in self.propose:
            if kind not in KINDS:
                raise BadSetting(f"There is no kind {kind!r}; use {', '.join(KINDS)}.")
        if self.mask and not Path(self.mask).is_file():
            raise BadSetting(f"There is no mask {self.mask}; give an image of the photos' size.")
        if self.masks and not Path(self.masks).is_dir():
            raise BadSetting(f"There is no folder of masks {self.masks}; give one that exists.")
        for name in ("audit_share", "double_share", "blind_share", "sure"):
            if not 0 <= getattr(self, name) <= 1:
                raise BadSetting(f"{name} must lie between 0 and 1.")
        return self

    def dumps(self) -> str:
        return json.dumps(to_json(self), sort_keys=True)

    @staticmethod
    def loads(text: str) -> BatchOptions:
        return from_json(BatchOptions, json.loads(text))


def run_options(settings: Settings, **asked: Any) -> RunOptions:
    """Return the options of a batch's runs: what was asked, the rest as the settings say."""
    given = {
        "budget": str(settings["judge_budget"]),
        "time_budget_s": float(settings["fill_budget_s"]),
    }
    return RunOptions(**{**given, **asked})


def batch_id(folder: Path, output: Path, options: BatchOptions) -> str:
    """Return the name that folder, output and options give a batch.

    The shares are left out: they decide who looks, not what is done.
    """
    deciding = replace(options, audit_share=0.0, double_share=0.0, blind_share=0.0)
    text = "\0".join((str(folder), str(output), deciding.dumps()))
    return "batch-" + hashlib.sha256(text.encode()).hexdigest()[:16]


def photos_in(folder: Path, output: Path, options: BatchOptions) -> list[Path]:
    """Return the photos of a batch in a fixed order; never one that it wrote itself.

    Raises: StorageError: the folder is not there or cannot be listed.
    """
    if not folder.is_dir():
        raise StorageError(f"There is no folder {folder}; give one that holds photos.")
    inside = output.resolve()
    skip = {Path(options.mask).resolve()} if options.mask else set()
    masks = Path(options.masks).resolve() if options.masks else None
    found = []
    try:
        walk = folder.rglob(options.pattern) if options.recursive else folder.glob(options.pattern)
        for path in walk:
            full = path.resolve()
            if (
                path.suffix.lower() in READABLE
                and not path.name.startswith(".")
                and path.is_file()
                and not full.is_relative_to(inside)
                and full not in skip
                and not (masks is not None and full.is_relative_to(masks))
            ):
                found.append(path)
    except OSError as error:
        raise StorageError(f"{folder} cannot be listed ({error.strerror}).") from error
    if folder.resolve() == inside:
        raise BadSetting("The output folder must be another one than the photos' own.")
    return sorted(found, key=lambda path: path.relative_to(folder).as_posix())


def mask_for(photo: Path, options: BatchOptions) -> Path | None:
    """Return the mask file of a photo, None where a folder of masks has none for it."""
    if options.mask:
        return Path(options.mask)
    for suffix in (".png", ".PNG", ".tif", ".webp", ".jpg"):
        for name in (photo.stem + suffix, photo.stem + "_mask" + suffix):
            path = Path(options.masks) / name
            if path.is_file():
                return path
    return None


@dataclass(frozen=True, slots=True)
class Stamp:
    """How a file looked when it was listed: enough to see that it changed."""

    size: int
    mtime_ns: int

    @staticmethod
    def of(path: Path) -> Stamp:
        status = path.stat()
        return Stamp(status.st_size, status.st_mtime_ns)


def listed(
    batch: str,
    photos: Sequence[Path],
    *,
    folder: Path,
    output: Path,
    known: Iterable[BatchItemRow] = (),
    ours: Iterable[str] = (),
) -> Iterator[BatchItemRow]:
    """Yield rows for photos that are new to the batch, their result's name reserved.

    known: the batch's rows so far. ours: files that batches of this library wrote (these may
    be replaced; any other file in the output folder keeps its name and we take another).
    """
    rows = list(known)
    paths = {row.path for row in rows}
    taken = {row.output.casefold() for row in rows}
    own = set(ours)
    position = max((row.position for row in rows), default=-1) + 1
    for photo in photos:
        if str(photo) in paths:
            continue
        name = _reserved(output / photo.relative_to(folder), taken, own)
        taken.add(str(name).casefold())
        stamp = Stamp.of(photo)
        yield BatchItemRow(
            batch_id=batch,
            position=position,
            path=str(photo),
            output=str(name),
            data=json.dumps({"size": stamp.size, "mtime_ns": stamp.mtime_ns}),
        )
        position += 1


def _reserved(wanted: Path, taken: set[str], own: set[str]) -> Path:
    """Return a free name near `wanted`; upper and lower case count as the same."""
    if wanted.suffix.lower() not in WRITABLE:
        wanted = wanted.with_name(wanted.name + INSTEAD)
    name, number = wanted, 2
    while str(name).casefold() in taken or (name.exists() and str(name) not in own):
        name = wanted.with_name(f"{wanted.stem} ({number}){wanted.suffix}")
        number += 1
    return name


def changed_since(row: BatchItemRow) -> bool:
    """Return whether the photo of a row is another file than when it was listed."""
    data = json.loads(row.data)
    try:
        now = Stamp.of(Path(row.path))
    except OSError:
        return False
    return (now.size, now.mtime_ns) != (data.get("size"), data.get("mtime_ns"))


def run_ids(data: str) -> Sequence[str]:
    """Return the runs of a row, in the order they were made."""
    return list(json.loads(data).get("runs", ()))
