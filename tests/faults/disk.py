"""A disk whose power can be cut: which files can be there afterwards.

Model: what was written to a file is certain once the file was synced; until then each write may
have reached the disk, or not, or only some of its 512-byte sectors. A name (made, renamed,
removed) is certain once its folder was synced; until then any of the folder's unsynced changes
may have reached the disk (half the time only as a prefix, as journals do). This is harsher than
ext4, xfs or NTFS are.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.recorder import Event

SECTOR = 512


@dataclass(eq=False)
class Node:
    """A file or folder. `sure` is its content on the disk, `pending` writes since the sync."""

    is_folder: bool
    sure: bytearray = field(default_factory=bytearray)
    pending: list[tuple[int, bytes | None]] = field(default_factory=list)
    names: dict[str, Node] = field(default_factory=dict)
    changes: list[tuple[str, Node | None]] = field(default_factory=list)


class Disk:
    """Follow events with `apply`, then `cut` as often as you like."""

    def __init__(self, root: Path) -> None:
        self.root_path = str(root)
        self.root = Node(is_folder=True)
        self._open: dict[int, Node] = {}

    def apply(self, event: Event) -> None:
        handler = {
            "o": self._opened, "w": self._wrote, "t": self._truncated, "s": self._synced,
            "r": self._renamed, "u": self._unlinked, "m": self._made, "c": self._closed,
        }[event.op]  # fmt: skip
        handler(event)

    def cut(self, dice: random.Random, target: Path) -> None:
        """Write one possible state of the disk after a power cut to the empty folder `target`."""
        self._write(self.root, dice, target)

    def restart(self) -> None:
        """The program has ended and is started again (no power cut): its handles are gone."""
        self._open.clear()

    # -- following the program --------------------------------------------------------------

    def _now(self, folder: Node) -> dict[str, Node]:
        names = dict(folder.names)
        for name, node in folder.changes:
            if node is None:
                names.pop(name, None)
            else:
                names[name] = node
        return names

    def _place(self, path: str) -> tuple[Node, str]:
        parts = path[len(self.root_path) :].strip("/").split("/")
        folder = self.root
        for part in parts[:-1]:
            folder = self._now(folder)[part]
        return folder, parts[-1]

    def _opened(self, event: Event) -> None:
        if event.path.rstrip("/") == self.root_path:
            self._open[event.fd] = self.root
            return
        folder, name = self._place(event.path)
        node = self._now(folder).get(name)
        if node is None:
            node = Node(is_folder=False)
            folder.changes.append((name, node))
        self._open[event.fd] = node
        if event.offset and not node.is_folder:
            node.pending.append((0, None))

    def _wrote(self, event: Event) -> None:
        self._open[event.fd].pending.append((event.offset, event.data))

    def _truncated(self, event: Event) -> None:
        self._open[event.fd].pending.append((event.offset, None))

    def _synced(self, event: Event) -> None:
        node = self._open[event.fd]
        if node.is_folder:
            node.names, node.changes = self._now(node), []
            return
        for offset, data in node.pending:
            _do(node.sure, offset, data)
        node.pending = []

    def _renamed(self, event: Event) -> None:
        source, name = self._place(event.path)
        target, new = self._place(event.data.decode())
        node = self._now(source)[name]
        target.changes.append((new, node))
        source.changes.append((name, None))

    def _unlinked(self, event: Event) -> None:
        folder, name = self._place(event.path)
        folder.changes.append((name, None))

    def _made(self, event: Event) -> None:
        if event.path.rstrip("/") == self.root_path:
            return
        folder, name = self._place(event.path)
        folder.changes.append((name, Node(is_folder=True)))

    def _closed(self, event: Event) -> None:
        self._open.pop(event.fd, None)

    # -- after the cut ----------------------------------------------------------------------

    def _write(self, folder: Node, dice: random.Random, target: Path) -> None:
        names = dict(folder.names)
        for name, node in _survivors(folder.changes, dice):
            if node is None:
                names.pop(name, None)
            else:
                names[name] = node
        for name, node in names.items():
            if node.is_folder:
                (target / name).mkdir()
                self._write(node, dice, target / name)
            else:
                (target / name).write_bytes(_content(node, dice))


def _survivors(
    changes: list[tuple[str, Node | None]], dice: random.Random
) -> list[tuple[str, Node | None]]:
    if dice.random() < 0.5:
        return changes[: dice.randint(0, len(changes))]
    keep = dice.choice((0.1, 0.5, 0.9))
    return [change for change in changes if dice.random() < keep]


def _content(node: Node, dice: random.Random) -> bytes:
    content = bytearray(node.sure)
    mode = dice.choice(("all", "none", "mix", "mix", "prefix"))
    if mode == "none":
        return bytes(content)
    last = dice.randint(0, len(node.pending)) if mode == "prefix" else len(node.pending)
    for offset, data in node.pending[:last]:
        fate = "kept" if mode in ("all", "prefix") else dice.choice(("kept", "dropped", "torn"))
        if fate == "dropped":
            continue
        if fate == "torn" and data is not None:
            for start in range(0, len(data), SECTOR):
                if dice.random() < 0.5:
                    _do(content, offset + start, data[start : start + SECTOR])
        else:
            _do(content, offset, data)
    return bytes(content)


def _do(content: bytearray, offset: int, data: bytes | None) -> None:
    """Write `data` at `offset`; None: set the length to `offset`."""
    length = offset if data is None else offset + len(data)
    if len(content) < length:
        content.extend(b"\0" * (length - len(content)))
    if data is None:
        del content[offset:]
    else:
        content[offset : offset + len(data)] = data
