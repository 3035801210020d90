"""The decoding child: reads requests from standard input, answers with streams, knows limits.

Memory is limited before each decode to what an honest file of that size needs; processor time
too, so that a child whose owner was killed cannot run for ever. It never writes a file.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from inpaint_studio.errors import InpaintError
from inpaint_studio.imaging.photo import stream, wire

IDLE_S = 120.0
BASE_MB = 1024.0
"""Address space above what the process has when a decode begins, beside the photo's own."""


def main() -> None:
    """Serve requests until standard input ends, or nothing has come for two minutes."""
    out = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # a library that prints must not spoil frames
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("800")
    wire.send(out, {"type": "ready"})
    heard = [time.monotonic()]
    threading.Thread(target=_leave_when_idle, args=(heard,), daemon=True).start()
    for line in sys.stdin.buffer:
        heard[0] = float("inf")
        _serve(json.loads(line), out)
        heard[0] = time.monotonic()


def _leave_when_idle(heard: list[float]) -> None:
    owner = os.getppid()
    while time.monotonic() - heard[0] < IDLE_S and os.getppid() == owner:
        time.sleep(1.0)
    os._exit(0)


def _serve(asked: dict[str, Any], out: BinaryIO) -> None:
    """Answer one request; every error becomes a frame."""
    request = stream.Request(
        path=Path(asked["path"]), page=asked["page"], max_megapixels=asked["max_megapixels"],
        native=asked["native"], px=asked["px"],
    )  # fmt: skip
    try:
        with stream.guarded(request.path):
            limit(BASE_MB, 10.0)
            if request.px:
                _thumbnail(request, out)
            else:
                _stream(request, out)
        wire.send(out, {"type": "end"})
    except InpaintError as error:
        wire.send(out, {"type": "error", "text": str(error)})
    except MemoryError:
        text = f"{request.path.name} needs more memory than it should; it is damaged or hostile."
        wire.send(out, {"type": "error", "text": text})


def _stream(request: stream.Request, out: BinaryIO) -> None:
    head = stream.read_head(request.path, request.page)
    stream.check_size(request.path, head.source, request.max_megapixels)
    need = stream.decoder_mb(head, request.path.stat().st_size)
    megapixels = head.source.width * head.source.height / 1e6
    limit(BASE_MB + 1.5 * need, stream.seconds_for(megapixels, head.source.kind))
    with stream.local_stream(request) as found:
        message, blobs = wire.pack_head(found.head)
        palette = b"" if found.palette is None else found.palette.tobytes()
        message |= {
            "type": "head", "sha256": found.sha256, "channels": found.channels,
            "dtype": found.dtype.name, "palette": len(palette),
        }  # fmt: skip
        wire.send(out, message, *blobs, palette)
        for band in found.bands:
            ready = np.ascontiguousarray(band)
            wire.send(out, {"type": "band", "rows": len(ready)}, ready.data.cast("B"))


def _thumbnail(request: stream.Request, out: BinaryIO) -> None:
    from inpaint_studio.imaging.photo.thumbs import small

    limit(BASE_MB + 2048, 30.0)
    picture = np.ascontiguousarray(small(request.path, request.px))
    shape = [int(side) for side in picture.shape]
    wire.send(out, {"type": "small", "shape": shape}, picture.data.cast("B"))


def limit(megabytes: float, seconds: float) -> None:
    """Limit this process to so much more memory and processor time. Unix only."""
    try:
        import resource
    except ImportError:
        return
    pages = int(Path("/proc/self/statm").read_text().split()[0]) if _has_proc() else 0
    now = pages * resource.getpagesize()
    if now:
        most = now + int(megabytes * 1e6)
        resource.setrlimit(resource.RLIMIT_AS, (most, resource.RLIM_INFINITY))
    used = sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
    resource.setrlimit(resource.RLIMIT_CPU, (int(used + 4 * seconds) + 1, resource.RLIM_INFINITY))


def _has_proc() -> bool:
    return Path("/proc/self/statm").exists()


if __name__ == "__main__":
    main()
