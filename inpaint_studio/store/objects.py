"""Content-addressed artifacts: every object is named by the SHA-256 of what it says.

The name is taken of the content, not of its compressed form, so that another version of the
compressor gives the same names. Objects are written once and never changed; several processes
may write the same one at the same time. An object that no row names is harmless and is swept
once it is older than `SWEEP_AFTER_S`.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import zstandard
from numpy.typing import NDArray

from inpaint_studio.errors import LibraryError
from inpaint_studio.store.files import make_folder, storage_errors, sync_folder, write_durably

LEVEL = 1
SWEEP_AFTER_S = 3600.0
_ARRAY_MAGIC = b"ISA1"
_COMPRESSED = ".zst"


class ObjectStore:
    """The `objects/` folder of a library. Safe for several threads and processes."""

    def __init__(self, root: Path) -> None:
        self.root = Path(root)
        self._durable: set[str] = set()
        self._lock = threading.Lock()

    def put_bytes(self, data: bytes | bytearray | memoryview, *, compress: bool = False) -> str:
        """Store `data`; return its SHA-256. Durable when it returns.

        Raises: StorageError.
        """
        view = memoryview(data).cast("B")
        sha256 = hashlib.sha256(view).hexdigest()
        self._store(sha256, view, compress)
        return sha256

    def put_array(self, array: NDArray[Any]) -> str:
        """Store an array of any dtype (no objects) and shape; return its name.

        Equal dtype, shape and values give the same name, whatever the memory layout.
        Raises: StorageError.
        """
        array = np.asarray(array, dtype=array.dtype.newbyteorder("<"), order="C")
        header = _array_header(array)
        raw = array.reshape(-1).view(np.uint8)
        digest = hashlib.sha256(header)
        digest.update(raw.data)
        sha256 = digest.hexdigest()
        if not self._is_there(sha256):
            content = np.empty(len(header) + raw.size, np.uint8)
            content[: len(header)] = np.frombuffer(header, np.uint8)
            content[len(header) :] = raw
            self._store(sha256, content.data, compress=True)
        return sha256

    def get_bytes(self, sha256: str, *, check: bool = True) -> bytes:
        """Return what was stored under `sha256`, checked against its name.

        check: False leaves that to a caller who proves what he makes of it.
        Raises: LibraryError: it is not there or has been damaged.
        """
        path = self._find(sha256)
        if path is None:
            raise LibraryError(
                f"The artifact {sha256[:12]} is not in this library any more; "
                "the run it belongs to cannot be shown or replayed in full."
            )
        with storage_errors(path):
            data = path.read_bytes()
        if path.suffix == _COMPRESSED:
            try:
                data = zstandard.ZstdDecompressor().decompress(data)
            except zstandard.ZstdError as error:
                raise LibraryError(_damaged(sha256)) from error
        if check and hashlib.sha256(data).hexdigest() != sha256:
            raise LibraryError(_damaged(sha256))
        return data

    def get_array(self, sha256: str) -> NDArray[Any]:
        """Return the array stored under `sha256`, read-only.

        Raises: LibraryError: it is not there, damaged, or no array.
        """
        data = self.get_bytes(sha256)
        if data[:4] != _ARRAY_MAGIC:
            raise LibraryError(f"The artifact {sha256[:12]} holds no pixels.")
        size = int.from_bytes(data[4:8], "little")
        header = json.loads(data[8 : 8 + size])
        flat = np.frombuffer(data, np.dtype(header["dtype"]), offset=8 + size)
        return flat.reshape(header["shape"])

    def has(self, sha256: str) -> bool:
        return self._find(sha256) is not None

    def size(self, sha256: str) -> int:
        """Bytes on disk, 0 when it is not there."""
        path = self._find(sha256)
        return path.stat().st_size if path is not None else 0

    def names(self) -> Iterator[str]:
        """Every object's SHA-256."""
        for path in self._files():
            yield _name_of(path)

    def remove(self, sha256: str) -> int:
        """Delete one object; return the bytes freed. Deleting what is gone is no error."""
        path = self._find(sha256)
        with self._lock:
            self._durable.discard(sha256)
        if path is None:
            return 0
        with storage_errors(path):
            size = path.stat().st_size
            path.unlink(missing_ok=True)
        return size

    def sweep(self, wanted: set[str], *, older_than_s: float = SWEEP_AFTER_S) -> int:
        """Delete unnamed objects and abandoned drafts; return the bytes freed.

        Young files stay: a worker writes its objects before the row that names them.
        """
        before = time.time() - older_than_s
        freed = 0
        for path in list(self._files(drafts=True)):
            try:
                status = path.stat()
            except FileNotFoundError:
                continue
            is_draft = path.name.startswith(".")
            if status.st_mtime > before or (not is_draft and _name_of(path) in wanted):
                continue
            path.unlink(missing_ok=True)
            with self._lock:
                self._durable.discard(_name_of(path))
            freed += status.st_size
        return freed

    def disk_bytes(self) -> int:
        return sum(path.stat().st_size for path in self._files(drafts=True))

    def _store(self, sha256: str, view: memoryview, compress: bool) -> None:
        if self._is_there(sha256):
            return
        folder = self.root / sha256[:2]
        make_folder(folder)
        if compress:
            packed = zstandard.ZstdCompressor(level=LEVEL).compress(view)
            write_durably(folder / (sha256 + _COMPRESSED), packed)
        else:
            write_durably(folder / sha256, view)
        with self._lock:
            self._durable.add(sha256)

    def _is_there(self, sha256: str) -> bool:
        """Whether the object is there, made durable and young again (see `sweep`)."""
        path = self._find(sha256)
        if path is None:
            return False
        with self._lock:
            known = sha256 in self._durable
        with storage_errors(path):
            try:
                os.utime(path)
                if not known:
                    # Another process may have renamed it and not yet synced the folder.
                    sync_folder(path.parent)
            except FileNotFoundError:
                return False
        with self._lock:
            self._durable.add(sha256)
        return True

    def _find(self, sha256: str) -> Path | None:
        folder = self.root / sha256[:2]
        for path in (folder / (sha256 + _COMPRESSED), folder / sha256):
            if path.exists():
                return path
        return None

    def _files(self, *, drafts: bool = False) -> Iterator[Path]:
        if not self.root.is_dir():
            return
        for folder in sorted(self.root.iterdir()):
            if folder.is_dir() and len(folder.name) == 2:
                for path in folder.iterdir():
                    if drafts or not path.name.startswith("."):
                        yield path


def _array_header(array: NDArray[Any]) -> bytes:
    """Magic, length and JSON of dtype and shape, padded so that the pixels lie aligned."""
    body = json.dumps({"dtype": array.dtype.str, "shape": list(array.shape)}).encode()
    body += b" " * (-(len(body) + 8) % 64)
    return _ARRAY_MAGIC + len(body).to_bytes(4, "little") + body


def _name_of(path: Path) -> str:
    return path.name.removesuffix(_COMPRESSED)


def _damaged(sha256: str) -> str:
    return (
        f"The artifact {sha256[:12]} has been damaged on the disk; "
        "check the disk, the edit it belongs to cannot be shown or undone."
    )
