"""The next attempt at rejected edits, made at once: `review reject ITEM --reason R --again`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from inpaint_studio.app import Studio
from inpaint_studio.cli.output import Output
from inpaint_studio.pipeline.planning import offers
from inpaint_studio.pipeline.road import run
from inpaint_studio.review.retry import keep_retry, retry_of
from inpaint_studio.store.rows import ReviewRow


@dataclass(frozen=True, slots=True)
class Again:
    """What came of one item's next attempt: what was changed, and the item that waits now."""

    item: str
    change: str = ""
    waits: str = ""

    @property
    def sentence(self) -> str:
        if not self.change:
            return f"{self.item}: no other way is left to try; fix it by hand"
        if not self.waits:
            return f"{self.item}: tried again with {self.change}, but the rejection is undone"
        return f"{self.item}: tried again with {self.change}; {self.waits} waits for you"


def again(
    studio: Studio, items: Iterable[ReviewRow], reason: str, output: Output
) -> tuple[Again, ...]:
    """Make the next attempt at every rejected item; each result waits in its place.

    Raises: LibraryError: the artifacts were swept; Cancelled (what was made before stays).
    """
    made: list[Again] = []
    able = offers()
    for item in items:
        retry = retry_of(studio.library, item, reason, able) if item.state == "rejected" else None
        if retry is None:
            made.append(Again(item.item_id))
            continue
        with output.progress(retry.change) as token:
            result = run(retry.request, token, studio.library.objects, semantic=studio.readers)
        row = keep_retry(studio.library, retry, result)
        made.append(Again(item.item_id, retry.change, row.item_id if row else ""))
    return tuple(made)
