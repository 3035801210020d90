"""What a model on disk is: the entry a person sees, and the contract a network keeps."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

ModelKind: TypeAlias = Literal["text", "objects", "erase", "segment", "diffusion", "upscale"]
ModelState: TypeAlias = Literal["ready", "new", "missing", "damaged", "refused", "memory"]

KINDS: tuple[ModelKind, ...] = ("text", "objects", "erase", "segment", "diffusion", "upscale")

STATE_TEXT: dict[ModelState, str] = {
    "ready": "Ready",
    "new": "Not checked yet",
    "missing": "Missing file",
    "damaged": "Damaged",
    "refused": "Refused",
    "memory": "Not enough memory",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSum:
    """One file of a model: path inside the model, size, time of change and SHA-256."""

    file: str
    bytes: int
    mtime_ns: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """How a feed-forward fill network wants its pixels, so that a new network is a manifest.

    layout: "image+mask" (two inputs), "concat" (one input of 4 channels, image then mask) or
        "mask-first" (one input of 4 channels, `0.5 - mask` then the image without its hole).
    hole: the mask's value where pixels are replaced (1.0 or 0.0).
    low, high: the image's range at the input; out_low, out_high: the range at the output.
    order: "rgb" or "bgr". dtype: "float32" or "uint8".
    multiple: sides must be multiples of this. fixed_px: the one square size it takes (0: any).
    blank: True when the image is set to 0 in the hole before the call.
    image, mask, output: names of the ONNX tensors ("" for TorchScript: position decides).
    """

    layout: Literal["image+mask", "concat", "mask-first"] = "image+mask"
    hole: float = 1.0
    low: float = 0.0
    high: float = 1.0
    out_low: float = 0.0
    out_high: float = 1.0
    order: Literal["rgb", "bgr"] = "rgb"
    dtype: Literal["float32", "uint8"] = "float32"
    multiple: int = 8
    fixed_px: int = 0
    blank: bool = True
    image: str = ""
    mask: str = ""
    output: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelEntry:
    """A model in the models folder as a person and an engine see it.

    id: "kind/name", unique in the folder. path: the folder or the single file.
    sha256: of the single file, or of the sorted list of the folder's sums ("" until checked).
    advice: what to do next, a whole sentence ("" when ready).
    """

    id: str
    kind: ModelKind
    name: str
    path: Path
    family: str
    bytes: int
    state: ModelState
    advice: str = ""
    sha256: str = ""
    licence: str = ""
    files: tuple[FileSum, ...] = ()
    contract: Contract | None = None
    added_at: str = ""
    known: str = ""
    trusted: bool = False
    notes: tuple[str, ...] = field(default=())

    @property
    def is_usable(self) -> bool:
        """Whether an engine may try it ("new" is checked on first use)."""
        return self.state in ("ready", "new")
