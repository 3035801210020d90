"""Objects are named by what they say, checked when read, and swept only when nobody wants them."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import numpy as np
import pytest

from inpaint_studio.errors import LibraryError, StorageError
from inpaint_studio.store.objects import ObjectStore


@pytest.fixture
def objects(tmp_path: Path) -> ObjectStore:
    return ObjectStore(tmp_path / "objects")


def test_bytes_come_back_under_their_sha256(objects: ObjectStore) -> None:
    name = objects.put_bytes(b"glyph mask")
    assert name == hashlib.sha256(b"glyph mask").hexdigest()
    assert objects.get_bytes(name) == b"glyph mask"
    assert list(objects.names()) == [name]


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", "bool", "int64"])
@pytest.mark.parametrize("shape", [(3, 4, 3), (7,), (), (0, 5, 3)])
def test_arrays_come_back_exact_and_read_only(
    objects: ObjectStore, dtype: str, shape: tuple[int, ...]
) -> None:
    array = (np.random.default_rng(1).random(shape) * 300).astype(dtype)
    found = objects.get_array(objects.put_array(array))
    assert found.dtype == array.dtype
    assert found.shape == array.shape
    assert (found == array).all()
    assert not found.flags.writeable


def test_an_arrays_name_is_of_its_values_not_of_its_layout(objects: ObjectStore) -> None:
    array = np.arange(24, dtype=np.uint16).reshape(4, 6)
    name = objects.put_array(array)
    assert objects.put_array(np.asfortranarray(array)) == name
    assert objects.put_array(array[::-1][::-1]) == name
    assert objects.put_array(array.astype(">u2")) == name
    assert objects.put_array(array.reshape(6, 4)) != name
    assert objects.put_array(array.astype(np.int16)) != name
    array[0, 0] = 9
    assert objects.put_array(array) != name


def test_a_second_store_finds_and_does_not_rewrite(objects: ObjectStore) -> None:
    name = objects.put_array(np.zeros((50, 50)))
    path = next(objects.root.glob("*/*"))
    inode = path.stat().st_ino
    assert ObjectStore(objects.root).put_array(np.zeros((50, 50))) == name
    assert path.stat().st_ino == inode


@pytest.mark.parametrize("harm", [b"", b"something else", b"half"])
def test_damage_is_a_sentence(objects: ObjectStore, harm: bytes) -> None:
    name = objects.put_array(np.arange(1000))
    path = next(objects.root.glob("*/*"))
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2] if harm == b"half" else harm)
    with pytest.raises(LibraryError, match="damaged"):
        objects.get_array(name)


def test_what_is_missing_is_a_sentence(objects: ObjectStore) -> None:
    with pytest.raises(LibraryError, match="not in this library"):
        objects.get_bytes("ab" * 32)
    with pytest.raises(LibraryError, match="holds no pixels"):
        objects.get_array(objects.put_bytes(b"a thumbnail"))


def test_sweep_takes_old_unwanted_objects_and_drafts_only(objects: ObjectStore) -> None:
    wanted, unwanted, young = (objects.put_bytes(text) for text in (b"a", b"b", b"c"))
    draft = objects.root / unwanted[:2] / ".left.part"
    draft.write_bytes(b"half")
    for path in (*objects.root.glob("*/*"), draft):
        if young not in path.name:
            os.utime(path, (1, 1))
    assert objects.sweep({wanted}) == 1 + 4
    assert sorted(objects.names()) == sorted([wanted, young])
    assert not draft.exists()


def test_putting_again_makes_young_again(objects: ObjectStore) -> None:
    """A worker that is about to name an old orphan must not lose it to the sweep."""
    name = objects.put_bytes(b"orphan")
    os.utime(objects.root / name[:2] / name, (1, 1))
    objects.put_bytes(b"orphan")
    assert objects.sweep(set()) == 0
    assert objects.has(name)


def test_a_full_disk_leaves_nothing_half_written(
    objects: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.write

    def full(descriptor: int, data: memoryview) -> int:
        real(descriptor, data[:10])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(StorageError, match=r"full .*MB free, .*MB are needed"):
        objects.put_bytes(os.urandom(100_000))
    monkeypatch.undo()
    assert list(objects.root.glob("*/*")) == []
    assert list(objects.names()) == []
