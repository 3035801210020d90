"""Sums and finite numbers: reads every byte of a model once, at the speed of the disk."""

from __future__ import annotations

import hashlib
import os
import threading
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path

from inpaint_studio.errors import BadModel, Cancelled
from inpaint_studio.jobs.token import REPORT_EVERY_S, RunToken
from inpaint_studio.weights import manifest
from inpaint_studio.weights.entries import FileSum, ModelEntry, ModelState
from inpaint_studio.weights.folder import (
    files_of,
    inspect,
    is_unchanged,
    name_in,
    sizes_of,
    state_of,
)
from inpaint_studio.weights.known import known_models
from inpaint_studio.weights.tensors import CHUNK, is_finite, pieces, read_header

READERS = 3
"""Files read at once; more would make a spinning disk or a stick jump about."""


def identity(entry: ModelEntry, token: RunToken | None = None) -> str:
    """Return the model's SHA-256; a model that was never checked, or changed, is checked first.

    Raises: BadModel: it is damaged or refused. Cancelled.
    """
    if entry.state == "ready" and is_unchanged(entry.files, sizes_of(entry.path)):
        return entry.sha256
    checked = verify(entry, token or RunToken())
    if checked.state != "ready":
        raise BadModel(checked.advice)
    return checked.sha256


def verify(entry: ModelEntry, token: RunToken, *, remember: bool = True) -> ModelEntry:
    """Read the whole model and return its entry as it really is ("ready" or why not).

    A sum that differs from the one stored is "damaged" when size and time did not change, and
    simply a new version otherwise. The result is remembered in the manifest.
    Raises: Cancelled.
    """
    root = _root_of(entry)

    def bad(state: ModelState, advice: str, *, keep: bool = False) -> ModelEntry:
        # Remembered too, so that nothing tries it again until its files change.
        files = entry.files if keep else _unsummed(entry.path)
        found = replace(entry, state=state, advice=advice, files=files)
        if remember and root is not None and files:
            manifest.put(root, found)
        return found

    try:
        family = inspect(entry.path, entry.kind)
        sums = read_sums(entry.path, token)
        _check_known(entry, sums)
    except BadModel as error:
        return bad(state_of(error), str(error))
    except OSError as error:
        return bad("damaged", f"{entry.name} cannot be read ({error.strerror}).")
    stored = {file.file: file for file in entry.files if file.sha256}
    for file in sums:
        old = stored.get(file.file)
        if old is not None and old.sha256 != file.sha256 and old.mtime_ns == file.mtime_ns:
            return bad(
                "damaged",
                f"{file.file} is damaged: its sum changed though nobody wrote it. "
                "Import the model again.",
                keep=True,
            )
    sha256 = tree_sum(sums)
    # What was learned about these very bytes stays true; about other bytes it does not.
    known = manifest.read(root).get(entry.id) if root is not None else None
    same = known if known is not None and known.sha256 == sha256 else None
    checked = replace(
        entry,
        state="ready",
        advice="",
        family=family,
        files=sums,
        sha256=sha256,
        bytes=sum(file.bytes for file in sums),
        trusted=same.trusted if same is not None else False,
        contract=(same.contract if same is not None else None) or entry.contract,
        added_at=(same.added_at if same is not None else "")
        or datetime.now(UTC).isoformat(timespec="seconds"),
    )
    if remember and root is not None:
        manifest.put(root, checked)
    return checked


def _unsummed(path: Path) -> tuple[FileSum, ...]:
    return tuple(
        FileSum(file=name, bytes=size, mtime_ns=time, sha256="")
        for name, (size, time) in sizes_of(path).items()
    )


def _root_of(entry: ModelEntry) -> Path | None:
    folder = entry.path.parent
    return folder.parent if folder.name == entry.kind else None


def tree_sum(sums: tuple[FileSum, ...]) -> str:
    """Return one sum for a model: a lone file's own, else that of the sorted list of sums."""
    if len(sums) == 1:
        return sums[0].sha256
    text = "".join(f"{file.sha256}  {file.file}\n" for file in sorted(sums, key=lambda f: f.file))
    return hashlib.sha256(text.encode()).hexdigest()


def read_sums(path: Path, token: RunToken) -> tuple[FileSum, ...]:
    """Return the sum of every file of a model, with progress over all their bytes.

    A few files are read at once: one core sums more slowly than a good disk reads.
    Raises: BadModel: a weight is NaN or infinite, or the file changed while it was read.
        Cancelled.
    """
    files = files_of(path)
    reading = _Reading(sum(file.stat().st_size for file in files))
    with ThreadPoolExecutor(max(1, min(READERS, len(files))), "verify") as pool:
        found = [pool.submit(_sum_of, file, name_in(path, file), reading) for file in files]
        try:
            left = set(found)
            while left:
                done, left = wait(left, timeout=REPORT_EVERY_S, return_when=FIRST_COMPLETED)
                token.step(reading.share, f"checking {reading.name}")
                for one in done:
                    token.check()
                    one.result()
        except BaseException:
            reading.stop.set()
            pool.shutdown(cancel_futures=True)
            raise
        return tuple(one.result() for one in found)


class _Reading:
    """What the threads of one verification share: how far they are, and the wish to stop."""

    def __init__(self, total: int) -> None:
        self.stop = threading.Event()
        self.name = ""
        self._total = max(total, 1)
        self._done = 0
        self._lock = threading.Lock()

    @property
    def share(self) -> float:
        return min(1.0, self._done / self._total)

    def add(self, count: int) -> None:
        """Note bytes that were read. Raises: Cancelled."""
        if self.stop.is_set():
            raise Cancelled
        with self._lock:
            self._done += count


def _sum_of(file: Path, name: str, reading: _Reading) -> FileSum:
    before = file.stat()
    reading.name = name
    sha256 = _read(file, reading)
    after = file.stat()
    if (after.st_size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
        raise BadModel(f"{name} is damaged: it changed while it was checked. Try again.")
    return FileSum(file=name, bytes=before.st_size, mtime_ns=before.st_mtime_ns, sha256=sha256)


def _read(file: Path, reading: _Reading) -> str:
    """Return the SHA-256 of a file; the same bytes are looked through for NaN as they pass.

    One buffer is used again and again: fresh ones cost more than the search (page faults).
    """
    digest = hashlib.sha256()
    block = bytearray(CHUNK)
    with file.open("rb", buffering=0) as raw:
        _read_ahead(raw.fileno())
        if file.suffix.lower() == ".safetensors":
            tensors = read_header(file)
            digest.update(raw.read(tensors[0].start))
            reading.add(tensors[0].start)
            for tensor, step in pieces(tensors):
                view = memoryview(block)[:step]
                _fill(raw, view, file.name)
                if not is_finite(view, tensor.dtype):
                    raise BadModel(
                        f"{file.name} is damaged: the tensor {tensor.name} holds numbers that are "
                        "not finite. Copy it again from where you got it."
                    )
                digest.update(view)
                reading.add(step)
            return digest.hexdigest()
        while count := raw.readinto(block):
            digest.update(memoryview(block)[:count])
            reading.add(count)
    return digest.hexdigest()


def _fill(raw: FileIO, view: memoryview, name: str) -> None:
    while view.nbytes:
        count = raw.readinto(view)
        if not count:
            raise BadModel(f"{name} is damaged: it became shorter while it was read.")
        view = view[count:]


def _read_ahead(file: int) -> None:
    """Ask the system to fetch the file while what is there is summed."""
    if hasattr(os, "posix_fadvise"):
        with suppress(OSError):
            os.posix_fadvise(file, 0, 0, os.POSIX_FADV_SEQUENTIAL)


def _check_known(entry: ModelEntry, sums: tuple[FileSum, ...]) -> None:
    """Refuse a file that bears the name and size of a well-known one but not its sum."""
    if len(sums) != 1:
        return
    for known in known_models():
        if known.sha256 and known.bytes == sums[0].bytes and known.name == entry.known:
            if known.sha256 != sums[0].sha256:
                raise BadModel(
                    f"{sums[0].file} is damaged: it has the size of {known.name} but another sum. "
                    "Copy it again from where you got it."
                )
            return
