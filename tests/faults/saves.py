"""Saves photos over themselves again and again: recorded and cut by test_saves.py.

    python -m tests.faults.saves FOLDER COUNT [BYTES]

With BYTES the disk is full after so many more (needs the recorder).
Acknowledges each save with a line "N SHA256-of-the-file".
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import sys
from dataclasses import replace
from pathlib import Path

from inpaint_studio.errors import StorageError
from inpaint_studio.imaging.photo import SaveOptions, open_photo, save_photo


def main(folder: Path, count: int) -> None:
    acks = os.open(folder.parent / "acks", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    files = sorted(folder.glob("photo.*"))
    for number in range(count):
        path = files[number % len(files)]
        photo = open_photo(path)
        pixels = photo.pixels.copy()
        pixels[number : number + 24, 8:40] ^= 255
        pixels.flags.writeable = False
        try:
            save_photo(replace(photo, pixels=pixels), path, SaveOptions(overwrite=True))
        except StorageError as error:
            print(error)
        line = f"{number} {hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode()
        os.write(acks, line)
        os.write(1, line)


if __name__ == "__main__":
    if len(sys.argv) > 3:
        fill = ctypes.CDLL(os.environ["LD_PRELOAD"]).recorder_quota
        fill(ctypes.c_longlong(int(sys.argv[3])))
    main(Path(sys.argv[1]), int(sys.argv[2]))
