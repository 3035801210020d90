"""ICC profiles read by our own code: tone curves and primaries of matrix profiles (ICC.1:2022).

A matrix profile says with three curves and three colours what RGB means; that is all that is
needed to reach linear light and to compare colours, in floating point, the same on every
machine. Profiles that are tables (A2B0) are left to LittleCMS where colours are shown.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Curve = NDArray[np.float64]
"""A tone curve at 65,536 evenly spaced codes: linear light 0..1."""

STEPS = 65536


@dataclass(frozen=True)
class MatrixProfile:
    """`curves`: three of R, G, B; `to_xyz`: (3, 3), linear RGB to D50 XYZ."""

    curves: tuple[Curve, Curve, Curve]
    to_xyz: NDArray[np.float64]
    name: str


def tags_of(icc: bytes) -> dict[bytes, bytes]:
    """Return the profile's tags; {} when it is none or is damaged."""
    if len(icc) < 132 or icc[36:40] != b"acsp":
        return {}
    count = struct.unpack_from(">I", icc, 128)[0]
    found: dict[bytes, bytes] = {}
    for index in range(min(count, 200)):
        at = 132 + 12 * index
        if at + 12 > len(icc):
            return {}
        name, offset, size = struct.unpack_from(">4sII", icc, at)
        if offset + size > len(icc):
            return {}
        found[name] = icc[offset : offset + size]
    return found


def name_of(icc: bytes) -> str:
    """Return the profile's description, or "a profile without a name"."""
    data = tags_of(icc).get(b"desc", b"")
    if data[:4] == b"desc" and len(data) > 12:
        size = struct.unpack_from(">I", data, 8)[0]
        return data[12 : 12 + size].split(b"\0")[0].decode("latin-1").strip() or _NAMELESS
    if data[:4] == b"mluc" and len(data) >= 28:
        size, offset = struct.unpack_from(">II", data, 20)
        text = data[offset : offset + size].decode("utf-16-be", "replace").strip("\0 ")
        return text or _NAMELESS
    return _NAMELESS


_NAMELESS = "a profile without a name"


def space_of(icc: bytes) -> str:
    """Return the profile's colour space: "RGB", "GRAY", "CMYK", "Lab", or ""."""
    return icc[16:20].decode("latin-1").strip() if tags_of(icc) else ""


def matrix_profile(icc: bytes) -> MatrixProfile | None:
    """Return the curves and primaries of an RGB matrix or a grey profile, else None."""
    tags = tags_of(icc)
    if b"kTRC" in tags and space_of(icc) == "GRAY":
        curve = read_curve(tags[b"kTRC"])
        if curve is None:
            return None
        return MatrixProfile((curve, curve, curve), SRGB_TO_XYZ, name_of(icc))
    wanted = (b"rTRC", b"gTRC", b"bTRC", b"rXYZ", b"gXYZ", b"bXYZ")
    if space_of(icc) != "RGB" or any(name not in tags for name in wanted):
        return None
    curves = [read_curve(tags[name]) for name in wanted[:3]]
    columns = [_xyz(tags[name]) for name in wanted[3:]]
    if any(curve is None for curve in curves) or any(column is None for column in columns):
        return None
    matrix = np.array(columns, dtype=np.float64).T
    if abs(np.linalg.det(matrix)) < 1e-9:
        return None
    red, green, blue = (curve for curve in curves if curve is not None)
    return MatrixProfile((red, green, blue), matrix, name_of(icc))


def _xyz(data: bytes) -> tuple[float, float, float] | None:
    if data[:4] != b"XYZ " or len(data) < 20:
        return None
    x, y, z = struct.unpack_from(">iii", data, 8)
    return x / 65536, y / 65536, z / 65536


def read_curve(data: bytes) -> Curve | None:
    """Return a curv or para tag at 65,536 codes, clipped to 0..1; None when it is damaged."""
    codes = np.linspace(0.0, 1.0, STEPS)
    if data[:4] == b"curv" and len(data) >= 12:
        count = struct.unpack_from(">I", data, 8)[0]
        if count == 0:
            return codes
        if count == 1 and len(data) >= 14:
            return np.asarray(np.power(codes, struct.unpack_from(">H", data, 12)[0] / 256))
        if count > 1 and len(data) >= 12 + 2 * count:
            values = np.frombuffer(data, ">u2", count, 12).astype(np.float64) / 65535
            rising = np.maximum.accumulate(values)
            return np.interp(codes, np.linspace(0.0, 1.0, count), rising)
        return None
    if data[:4] == b"para" and len(data) >= 12:
        return _parametric(data, codes)
    return None


def _parametric(data: bytes, x: Curve) -> Curve | None:
    kind = struct.unpack_from(">H", data, 8)[0]
    count = {0: 1, 1: 3, 2: 4, 3: 5, 4: 7}.get(kind, 0)
    if not count or len(data) < 12 + 4 * count:
        return None
    p = [value / 65536 for value in struct.unpack_from(f">{count}i", data, 12)]
    g, a, b, c, d, e, f = (p + [0.0] * 7)[:7]
    if kind == 0:
        return np.asarray(np.power(x, g))
    if a == 0:
        return None
    power = np.power(np.maximum(a * x + b, 0.0), g)
    if kind == 1:
        y = np.where(x >= -b / a, power, 0.0)
    elif kind == 2:
        y = np.where(x >= -b / a, power + c, c)
    elif kind == 3:
        y = np.where(x >= d, power, c * x)
    else:
        y = np.where(x >= d, power + e, c * x + f)
    return np.maximum.accumulate(np.clip(y, 0.0, 1.0))


SRGB_TO_XYZ = np.array([
    [0.4360657, 0.3851471, 0.1430664],
    [0.2224884, 0.7168732, 0.0606079],
    [0.0139160, 0.0970764, 0.7140961],
])  # fmt: skip
"""Linear sRGB to XYZ adapted to D50 (Bradford), as the ICC's own sRGB profiles carry it."""
