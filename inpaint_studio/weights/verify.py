"""Sums and finite numbers: reads every byte of a model once, at the speed of the disk."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from queue import Queue

from inpaint_studio.errors import BadModel
from inpaint_studio.jobs.token import RunToken
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
        sums = tuple(read_sums(entry.path, token))
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


def read_sums(path: Path, token: RunToken) -> Iterator[FileSum]:
    """Yield the sum of every file of a model, with progress over all their bytes.

    Raises: BadModel: a weight is NaN or infinite, or the file changed while it was read.
    """
    files = files_of(path)
    total = sum(file.stat().st_size for file in files) or 1
    done = 0
    for file in files:
        before = file.stat()
        name = name_in(path, file)
        size = before.st_size
        part = token.within(done / total, min(1.0, (done + size) / total), f"checking {name}")
        sha256 = _read(file, size, part)
        after = file.stat()
        if (after.st_size, after.st_mtime_ns) != (size, before.st_mtime_ns):
            raise BadModel(f"{name} is damaged: it changed while it was checked. Try again.")
        done += size
        yield FileSum(file=name, bytes=size, mtime_ns=before.st_mtime_ns, sha256=sha256)


def _read(file: Path, size: int, token: RunToken) -> str:
    """Return the SHA-256 of a file; weights are checked for NaN while the next bytes are read."""
    if file.suffix.lower() != ".safetensors":
        return _sum_only(file, size, token)
    tensors = read_header(file)
    digest = hashlib.sha256()
    with file.open("rb", buffering=0) as raw, _FiniteCheck() as check:
        digest.update(raw.read(tensors[0].start))
        done = tensors[0].start
        for tensor, step in pieces(tensors):
            chunk = bytearray(step)
            view = memoryview(chunk)
            while view.nbytes:
                count = raw.readinto(view)
                if not count:
                    raise BadModel(f"{file.name} is damaged: it became shorter while it was read.")
                view = view[count:]
            check.put(chunk, tensor.dtype, tensor.name)
            digest.update(chunk)
            done += step
            token.step(done / size)
            check.raise_if_bad(file.name)
        check.finish()
        check.raise_if_bad(file.name)
    return digest.hexdigest()


def _sum_only(file: Path, size: int, token: RunToken) -> str:
    digest = hashlib.sha256()
    done = 0
    with file.open("rb", buffering=0) as raw:
        while chunk := raw.read(CHUNK):
            digest.update(chunk)
            done += len(chunk)
            token.step(done / max(size, 1))
    return digest.hexdigest()


class _FiniteCheck:
    """One thread that looks for NaN beside the one that sums (both leave the interpreter free)."""

    def __init__(self) -> None:
        self._queue: Queue[tuple[bytearray, str, str] | None] = Queue(maxsize=4)
        self._bad = ""
        self._thread = threading.Thread(target=self._work, name="finite-check", daemon=True)

    def __enter__(self) -> _FiniteCheck:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(RuntimeError):
            self.finish()

    def put(self, chunk: bytearray, dtype: str, name: str) -> None:
        self._queue.put((chunk, dtype, name))

    def finish(self) -> None:
        if self._thread.is_alive():
            self._queue.put(None)
            self._thread.join()

    def raise_if_bad(self, file: str) -> None:
        if self._bad:
            raise BadModel(
                f"{file} is damaged: the tensor {self._bad} holds numbers that are not finite. "
                "Copy it again from where you got it."
            )

    def _work(self) -> None:
        while (item := self._queue.get()) is not None:
            chunk, dtype, name = item
            if not self._bad and not is_finite(memoryview(chunk), dtype):
                self._bad = name


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
