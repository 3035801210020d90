"""Replace only the touched blocks of a JPEG; every other coefficient stays as it is.

A JPEG decodes to other pixels each time it is encoded anew. Here the quantised DCT coefficients
are read (libjpeg, through jpeglib), the blocks that an edit touches get new samples where pixels
were edited and keep their old samples elsewhere, rounded to the file's own quantisation, and the
rest is written back untouched. Tables, sampling and all metadata segments are the old file's own.

Rejected: adding the difference of the decoded pixels. A decoder smooths subsampled chroma when it
enlarges it, so that difference lacks the old chroma's detail, and what was removed stayed legible
as a ghost in its colours.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inpaint_studio.errors import InpaintError
from inpaint_studio.imaging import jpeg_file
from inpaint_studio.imaging.jpeg_file import Frame, Segment
from inpaint_studio.imaging.jpeg_pictures import moved


class CannotPatch(InpaintError):
    """This JPEG cannot be patched block by block; `str(error)` says why, as a clause."""


@dataclass(frozen=True, slots=True)
class Patched:
    """A patched file; `touched` is (H, W) bool: the pixels of all blocks that were replaced."""

    data: bytes
    touched: NDArray[np.bool_]
    blocks: int
    all_blocks: int


def refusal(found: list[Segment], frame: Frame) -> str:
    """Return why a file with this header cannot be patched, or ""."""
    if jpeg_file.is_arithmetic(frame):
        return "it is arithmetic-coded"
    if not frame.is_huffman_dct or frame.precision != 8:
        return "it is not a baseline or progressive 8-bit JPEG"
    if len(frame.components) not in (1, 3):
        return "its colours are inks (CMYK)"
    most = (max(c[1] for c in frame.components), max(c[2] for c in frame.components))
    if any(most[0] % h or most[1] % v for _, h, v, _ in frame.components):
        return "its channels are sampled in uneven steps"
    return ""


def is_rgb(found: list[Segment], frame: Frame) -> bool:
    """Whether three components hold RGB itself and not luma and chroma (as libjpeg decides)."""
    adobe = jpeg_file.find(found, jpeg_file.APP14, b"Adobe")
    if jpeg_file.find(found, jpeg_file.APP0, b"JFIF\0") is not None:
        return False
    if adobe is not None and len(adobe) >= 7:
        return adobe[6] == 0
    return [component[0] for component in frame.components] == [0x52, 0x47, 0x42]


def patch(data: bytes, before: NDArray[np.uint8], after: NDArray[np.uint8]) -> Patched:
    """Return `data` with the blocks replaced in which `after` differs from `before`.

    `before` and `after` are (H, W, 3) RGB as stored (no orientation applied); `before` is what
    `data` decodes to. Raises: CannotPatch, BadPhoto.
    """
    found, _ = jpeg_file.segments(data)
    frame = jpeg_file.frame_of(found)
    reason = refusal(found, frame)
    if reason:
        raise CannotPatch(reason)
    changed = before[..., 0] != after[..., 0]
    changed |= before[..., 1] != after[..., 1]
    changed |= before[..., 2] != after[..., 2]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "old.jpg"
        path.write_bytes(data)
        coefficients = _read(path)
        touched, blocks, everything = _edit(
            coefficients, frame, after, changed, is_rgb=is_rgb(found, frame)
        )
        fresh = Path(folder) / "new.jpg"
        plain = not frame.is_progressive and jpeg_file.has_common_codes(found)
        # Codes of its own cost a second pass; the file had none, so it gets none.
        coefficients.write_dct(str(fresh), flags=[] if plain else ["+OPTIMIZE_CODING"])
        written = fresh.read_bytes()
    return Patched(_spliced(data, found, frame, written), touched, blocks, everything)


def _read(path: Path) -> Any:
    import jpeglib

    try:
        return jpeglib.read_dct(str(path))
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        raise CannotPatch(f"its coefficients cannot be read ({error})") from error


def _planes(coefficients: Any, frame: Frame) -> list[NDArray[np.int16]]:
    names = ("Y",) if len(frame.components) == 1 else ("Y", "Cb", "Cr")
    return [getattr(coefficients, name) for name in names]


def _edit(
    coefficients: Any,
    frame: Frame,
    after: NDArray[np.uint8],
    changed: NDArray[np.bool_],
    *,
    is_rgb: bool,
) -> tuple[NDArray[np.bool_], int, int]:
    """Add the edit to the coefficients, in place; return (touched pixels, blocks, all blocks)."""
    most_h = max(c[1] for c in frame.components)
    most_v = max(c[2] for c in frame.components)
    touched = np.zeros(changed.shape, bool)
    count = total = 0
    numbers = np.atleast_1d(coefficients.quant_tbl_no)
    for index, plane in enumerate(_planes(coefficients, frame)):
        _, h, v, _ = frame.components[index]
        step_y, step_x = most_v // v, most_h // h
        size = (8 * step_y, 8 * step_x)
        where = _blocks_with(changed, size, plane.shape[:2])
        rows, columns = np.nonzero(where)
        total += plane.shape[0] * plane.shape[1]
        count += len(rows)
        table = coefficients.qt[int(numbers[index])].astype(np.float64)
        for y, x in zip(rows, columns):
            box = (slice(y * size[0], (y + 1) * size[0]), slice(x * size[1], (x + 1) * size[1]))
            touched[box] = True
        for part in range(0, len(rows), 4096):
            some = (rows[part : part + 4096], columns[part : part + 4096])
            held = plane[some]
            old = _DCT.T @ (held * table) @ _DCT
            new, is_new = _samples(after, changed, some, (step_y, step_x), index, is_rgb=is_rgb)
            spectrum = _DCT @ np.where(is_new, new - old, 0.0) @ _DCT.T / table
            plane[some] = np.clip(np.rint(held + spectrum), -1023, 1023).astype(np.int16)
    return touched, count, total


def _blocks_with(
    changed: NDArray[np.bool_], size: tuple[int, int], shape: tuple[int, ...]
) -> NDArray[np.bool_]:
    """Return (blocks high, blocks wide): where a block's pixels were changed.

    Only what lies around the changed pixels is looked at: most edits are small in their photo.
    """
    found = np.zeros(shape[:2], bool)
    rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
    if not len(rows):
        return found
    high, wide = size
    top, left = int(rows[0]) // high, int(columns[0]) // wide
    bottom = min(int(rows[-1]) // high + 1, shape[0])
    right = min(int(columns[-1]) // wide + 1, shape[1])
    part = changed[top * high : bottom * high, left * wide : right * wide]
    padded = np.zeros(((bottom - top) * high, (right - left) * wide), bool)
    padded[: part.shape[0], : part.shape[1]] = part
    blocks = padded.reshape(bottom - top, high, right - left, wide)
    found[top:bottom, left:right] = blocks.any(axis=(1, 3))
    return found


def _samples(
    after: NDArray[np.uint8],
    changed: NDArray[np.bool_],
    blocks: tuple[NDArray[np.intp], NDArray[np.intp]],
    step: tuple[int, int],
    component: int,
    *,
    is_rgb: bool,
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return ((n, 8, 8) new samples of one channel, level-shifted, and which of them changed).

    A sample is the mean of its cell of `step` pixels; it is new when any of them was edited.
    Beyond the picture's edge the last row and column are repeated, as encoders do.
    """
    size = (8 * step[0], 8 * step[1])
    rows = np.minimum(blocks[0][:, None] * size[0] + np.arange(size[0]), after.shape[0] - 1)
    columns = np.minimum(blocks[1][:, None] * size[1] + np.arange(size[1]), after.shape[1] - 1)
    at = (rows[:, :, None], columns[:, None, :])
    pixels = after[at].astype(np.float64)
    values = pixels[..., component] if is_rgb else pixels @ _TO_YCC[component]
    shift = 128.0 if is_rgb or component == 0 else 0.0
    cells = (-1, 8, step[0], 8, step[1])
    return values.reshape(cells).mean(axis=(2, 4)) - shift, changed[at].reshape(cells).any((2, 4))


_TO_YCC = np.array([
    [0.299, 0.587, 0.114],
    [-0.168735892, -0.331264108, 0.5],
    [0.5, -0.418687589, -0.081312411],
])  # fmt: skip


def _dct_matrix() -> NDArray[np.float64]:
    k = np.arange(8)
    matrix = np.cos((2 * k[None, :] + 1) * k[:, None] * np.pi / 16) / 2
    matrix[0] /= np.sqrt(2)
    return np.asarray(matrix)


_DCT = _dct_matrix()


def _spliced(old: bytes, found: list[Segment], frame: Frame, written: bytes) -> bytes:
    """Return the old file's segments around the new file's scan."""
    fresh, at = jpeg_file.segments(written)
    if [c[1:3] for c in jpeg_file.frame_of(fresh).components] != [c[1:3] for c in frame.components]:
        raise CannotPatch("its sampling is not written back as it was")
    length = int.from_bytes(written[at + 2 : at + 4], "big")
    header = bytearray(written[at : at + 2 + length])
    for index, component in enumerate(frame.components):
        header[5 + 2 * index] = component[0]
    parts = []
    for segment in found:
        if segment.marker in (jpeg_file.DHT, jpeg_file.DRI):
            continue
        if segment.marker in jpeg_file.FRAMES and frame.is_progressive:
            segment = Segment(0xC0, segment.payload)
        parts.append(segment)
    tables = [segment for segment in fresh if segment.marker in (jpeg_file.DHT, jpeg_file.DRI)]
    head = b"\xff\xd8" + b"".join(segment.to_bytes() for segment in (*parts, *tables))
    end = jpeg_file.end_of_picture(old)
    picture = head + bytes(header) + written[at + 2 + length :]
    return moved(picture, old[end:], shift=len(picture) - end)
