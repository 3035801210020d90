"""Work on a library whose every state is known beforehand, so that any loss can be named.

The actions follow from a seed alone. A model without a disk makes the same actions, so the
state after action n is known; after a fault the library must show the state of the last action
that was acknowledged, or of the one in flight, and nothing in between.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from inpaint_studio.arrays import Pixels
from inpaint_studio.errors import BadSetting
from inpaint_studio.geometry import Box
from inpaint_studio.records import (
    EditRecord,
    FillRecipe,
    Plan,
    RunOptions,
    RunRecord,
    Stage,
    Verdict,
)
from inpaint_studio.review.events import fold
from inpaint_studio.review.queue import ReviewQueue
from inpaint_studio.session.delta import Pair, digest
from inpaint_studio.session.history import History
from inpaint_studio.store.backups import backups, problem
from inpaint_studio.store.files import write_durably
from inpaint_studio.store.library import Library
from inpaint_studio.store.rows import ReviewRow

SHAPE = (96, 128, 3)
KINDS = (
    "run", "run", "decide", "decide", "take_back", "group", "draft", "edit", "edit", "undo", "redo",
    "hide", "save", "backup", "sweep", "follow",
)  # fmt: skip
EXPORT = "export.bin"


def base() -> Pixels:
    return np.random.default_rng(5).integers(0, 255, SHAPE, dtype=np.uint8)


@dataclass
class Model:
    """What the library must hold. Every value is small enough to compare."""

    runs: dict[str, str] = field(default_factory=dict)
    decisions: list[tuple[str, str, int | None]] = field(default_factory=list)
    draft: bytes = b""
    labels: list[str] = field(default_factory=list)
    hidden: frozenset[int] = frozenset()
    cursor: int = 0
    pixels: str = ""
    export: bytes | None = None

    def key(self) -> str:
        return hashlib.sha256(repr(vars(self)).encode()).hexdigest()


class Worker:
    """Makes the actions of one seed on a real library."""

    def __init__(self, library: Library, seed: int) -> None:
        self.library = library
        self.queue = ReviewQueue(library)
        self.seed = seed
        self.row = library.photos.remember("/photos/p.png", "aa", shape=SHAPE[:2])
        self.history = History(library, self.row.photo_id, base())

    def do(self, number: int) -> None:
        """Make action `number`; durable when it returns."""
        dice = random.Random(f"{self.seed}/{number}")
        kind = dice.choice(KINDS)
        getattr(self, f"_{kind}")(number, dice)

    def state(self) -> Model:
        return found(self.library, self.history)

    def _run(self, number: int, dice: random.Random) -> None:
        objects = self.library.objects
        stage = objects.put_array(np.full((20, 30), number, np.float32))
        same = objects.put_bytes(b"shared %d" % (number % 3))
        thumb = objects.put_bytes(dice.randbytes(600))
        edit = EditRecord(
            edit_id=f"e{number}",
            box=Box(0, 0, 30, 20),
            kind="text",
            plan=Plan(recipe=FillRecipe(engine="patch", engine_version=1)),
            verdict=Verdict(accepted=False, risk=0.5),
            stages=(Stage(name="blended", sha256=stage), Stage(name="mask", sha256=same)),
        )
        record = RunRecord(
            run_id=f"r{number}", created="", options=RunOptions(), edits=(edit,), seconds=number
        )
        with self.library.database.writing():
            self.library.runs.save(record, photo_id=self.row.photo_id)
            self.queue.add(
                ReviewRow(item_id=f"i{number}", edit_id=f"e{number}", run_id=f"r{number}",
                          thumb=thumb)
            )  # fmt: skip

    def _decide(self, number: int, dice: random.Random, group: int = 1) -> None:
        items = self.library.reviews.select(tail="ORDER BY number")
        chosen = [item.item_id for item in dice.sample(items, min(group, len(items)))]
        verdict = dice.choice(("accept", "reject", "skip"))
        self.queue.decide(chosen, verdict, reviewer="me", reason="seam", views=("split",))

    def _take_back(self, number: int, dice: random.Random) -> None:
        self.queue.undo("me")

    def _group(self, number: int, dice: random.Random) -> None:
        self._decide(number, dice, group=5)

    def _draft(self, number: int, dice: random.Random) -> None:
        data = b"%d " % number + dice.randbytes(dice.choice((10, 9000)))
        self.library.photos.save_draft(self.row.photo_id, "mask", data)

    def _edit(self, number: int, dice: random.Random) -> None:
        left, top = dice.randrange(100), dice.randrange(70)
        box = Box(left, top, left + 28, top + 26)
        before = self.history.pixels[box.slices].copy()
        after = np.random.default_rng(number).integers(0, 255, before.shape, dtype=np.uint8)
        self.history.commit(f"edit {number}", [Pair(box, before, after)])

    def _undo(self, number: int, dice: random.Random) -> None:
        self.history.undo()

    def _redo(self, number: int, dice: random.Random) -> None:
        with suppress(BadSetting):  # What it was made on may have been hidden.
            self.history.redo()

    def _hide(self, number: int, dice: random.Random) -> None:
        if self.history.cursor:  # The newest one: nothing lies over it.
            entry = self.history.entries[self.history.cursor - 1]
            with suppress(BadSetting):
                self.history.hide(entry.position, not entry.hidden)

    def _save(self, number: int, dice: random.Random) -> None:
        write_durably(self.library.folder / EXPORT, dice.randbytes(dice.choice((100, 70_000))))

    def _backup(self, number: int, dice: random.Random) -> None:
        self.library.backup()

    def _sweep(self, number: int, dice: random.Random) -> None:
        self.library.sweep(older_than_s=-1)

    def _follow(self, number: int, dice: random.Random) -> None:
        other = self.library.photos.remember("/photos/saved.png", "bb", shape=SHAPE[:2])
        self.library.edits.follow(self.row.photo_id, other.photo_id)


def found(library: Library, history: History) -> Model:
    """What a library shows."""
    with library.database.reading() as tx:
        runs = {str(run_id): str(record) for run_id, record in
                tx.rows("SELECT run_id, record FROM runs ORDER BY run_id")}  # fmt: skip
    export = library.folder / EXPORT
    return Model(
        runs={run: hashlib.sha256(record.encode()).hexdigest() for run, record in runs.items()},
        decisions=[(e.item_id, e.verdict, e.undoes) for e in ReviewQueue(library).events()],
        draft=library.photos.draft(history.photo_id, "mask") or b"",
        labels=[entry.label for entry in history.entries],
        hidden=frozenset(entry.position for entry in history.entries if entry.hidden),
        cursor=history.cursor,
        pixels=digest(history.pixels),
        export=export.read_bytes() if export.exists() else None,
    )


def looked_at(folder: Path) -> tuple[str, list[str]]:
    """Open a library after a fault; return the key of its state and everything unsound in it."""
    with Library.open(folder) as library:
        row = library.photos.remember("/photos/p.png", "aa", shape=SHAPE[:2])
        history = History(library, row.photo_id, base())
        wrong = [history.problem] if history.problem else []
        wrong += [w for w in (library.database.check(),) if w]
        for name in library.wanted_objects():
            try:
                library.objects.get_bytes(name)
            except Exception as error:
                wrong.append(f"dangling row: {error}")
        wrong += [f"{path.name}: {w}" for path in backups(folder) if (w := problem(path))]
        queue = ReviewQueue(library)
        wrong += [
            f"{item.item_id} is {item.state}, its events say otherwise"
            for item in library.reviews.select()
            if item.state != fold(queue.events(item.item_id)).state
        ]
        return found(library, history).key(), wrong


def keys(seed: int, count: int, folder: Path) -> Iterator[str]:
    """The keys of the states before the first and after each of `count` actions."""
    with Library.open(folder) as library:
        worker = Worker(library, seed)
        yield worker.state().key()
        for number in range(count):
            worker.do(number)
            yield worker.state().key()
