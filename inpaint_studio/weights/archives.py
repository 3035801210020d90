"""Looks into PyTorch files without running a line of them.

A `.pt`/`.pth` file is a program: a pickle, or a zip with a pickle and perhaps TorchScript. Here
only the list of names in the zip is read and the pickle's opcodes are walked; nothing is built.
"""

from __future__ import annotations

import io
import pickletools
import zipfile
from pathlib import Path

from inpaint_studio.errors import BadModel

PICKLE_LIMIT = 64 << 20

# What a file of plain tensors names; everything else a pickle can name is code to us.
PLAIN_GLOBALS = frozenset(
    {
        ("collections", "OrderedDict"),
        ("torch._utils", "_rebuild_tensor"),
        ("torch._utils", "_rebuild_tensor_v2"),
        ("torch._utils", "_rebuild_parameter"),
        ("torch", "Size"),
        *(
            ("torch", f"{kind}Storage")
            for kind in ("Float", "Half", "BFloat16", "Double", "Long", "Int", "Short", "Byte",
                         "Char", "Bool")
        ),
    }
)  # fmt: skip


def is_torchscript(path: Path) -> bool:
    """Return whether the file is a TorchScript archive. Raises: BadModel: a broken zip."""
    if not zipfile.is_zipfile(path):
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            declared = sum(info.file_size for info in archive.infolist())
            broken = any(".." in Path(name).parts or name.startswith(("/", "\\")) for name in names)
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise BadModel(f"{path.name} is damaged: its archive cannot be read.") from error
    if broken:
        raise BadModel(f"{path.name} is refused: its archive names places outside itself.")
    if declared > 4 * path.stat().st_size + PICKLE_LIMIT:
        raise BadModel(f"{path.name} is refused: its archive unpacks to {declared:,} bytes.")
    has_code = any("/code/" in f"/{name}" and name.endswith(".py") for name in names)
    return has_code and any(name.endswith("constants.pkl") for name in names)


def check_plain_tensors(path: Path) -> None:
    """Refuse a PyTorch file that holds anything but tensors.

    Raises: BadModel: it would run code when loaded, or it is damaged.
    """
    for pickle in _pickles(path):
        for module, name in globals_of(pickle, path):
            if (module, name) not in PLAIN_GLOBALS:
                raise BadModel(
                    f"{path.name} is refused: loading it would run code ({module}.{name}). "
                    "Take the file from its author's own page."
                )


def globals_of(pickle: bytes, path: Path) -> list[tuple[str, str]]:
    """Return every (module, name) a pickle refers to, found without running it.

    Raises: BadModel: the opcodes make no sense, or names are put together at load time.
    """
    found: list[tuple[str, str]] = []
    texts: list[str] = []
    stream = io.BytesIO(pickle)
    try:
        while stream.tell() < len(pickle):
            for opcode, argument, _ in pickletools.genops(stream):
                if opcode.name in ("GLOBAL", "INST"):
                    module, _, name = str(argument).partition(" ")
                    found.append((module, name))
                elif opcode.name == "STACK_GLOBAL":
                    if len(texts) < 2:
                        raise BadModel(f"{path.name} is refused: it hides what it would load.")
                    found.append((texts[-2], texts[-1]))
                elif opcode.name in ("EXT1", "EXT2", "EXT4"):
                    raise BadModel(f"{path.name} is refused: it hides what it would load.")
                elif isinstance(argument, str):
                    texts.append(argument)
            if not path.name.endswith(".pth") or zipfile.is_zipfile(path):
                break
            if len(found) > 10_000 or _is_storage(pickle, stream.tell()):
                break
    except BadModel:
        raise
    except Exception as error:  # pickletools raises whatever the bytes lead it to
        raise BadModel(f"{path.name} is damaged: its table of tensors cannot be read.") from error
    return found


def _is_storage(pickle: bytes, place: int) -> bool:
    """Whether what follows in an old-style file is raw data instead of one more pickle."""
    return pickle[place : place + 1] != b"\x80"


def _pickles(path: Path) -> list[bytes]:
    if not zipfile.is_zipfile(path):
        with path.open("rb") as file:
            head = file.read(PICKLE_LIMIT)
        if head[:1] not in (b"\x80", b"(", b"]", b"}", b"c"):
            raise BadModel(f"{path.name} is damaged: it is no PyTorch file.")
        return [head]
    found = []
    try:
        with zipfile.ZipFile(path) as archive:
            for info in archive.infolist():
                if info.filename.endswith(".pkl"):
                    if info.file_size > PICKLE_LIMIT:
                        raise BadModel(f"{path.name} is refused: its table is too big.")
                    found.append(archive.read(info))
                elif info.filename.endswith(".py"):
                    raise BadModel(f"{path.name} is refused: it holds program code.")
    except (zipfile.BadZipFile, OSError, ValueError, RuntimeError) as error:
        raise BadModel(f"{path.name} is damaged: its archive cannot be read.") from error
    if not found:
        raise BadModel(f"{path.name} is damaged: it holds no table of tensors.")
    return found
