"""The semantic pass: letters and objects, before against after, through the lent readers.

A reader is a witness, never truth: a hit sends an edit to a person, it proves nothing. Both
pictures are read the same way, and only what lies on the edit and was not there before counts.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from difflib import SequenceMatcher

import numpy as np

from inpaint_studio.arrays import MaskBool, Pixels, Plane
from inpaint_studio.gating.base import JudgeRequest, SemanticJudge
from inpaint_studio.gating.readings.base import Measured
from inpaint_studio.gating.scene import to_rgb8
from inpaint_studio.geometry import Box
from inpaint_studio.imaging.mask import grow
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.records import TEXT_KINDS

Found = tuple[Box, str, float]

LETTERS_PAD_PX = 48
COVERED = 0.5
LETTER_SCORE = 0.5
SAME_PLACE = 0.2
OBJECT_AFTER = 0.55
OBJECT_BEFORE = 0.35
OBJECT_ON_EDIT = 0.15
FACE_SCORE = 0.6
FACE_WHOLE = 0.7


def wanted(request: JudgeRequest, *, accepted: bool) -> bool:
    """Say whether the second pass is worth its time.

    An edit the statistics reject waits for a person anyway; where letters were removed, what is
    left of them decides the next attempt, so it is read all the same.
    """
    about_text = request.kind in TEXT_KINDS or bool(request.removed_text)
    return about_text or (accepted and request.budget != "cheap")


def semantic_readings(
    request: JudgeRequest, semantic: SemanticJudge, token: RunToken
) -> list[tuple[str, Measured, float]]:
    """Return (name, measured, seconds) of `letters_left`, `new_text`, `new_object`, `face_part`.

    Boxes are in the request's pixels. Objects are not looked for where a new one was asked for.
    """
    edit = grow(request.mask, request.ring_px)
    started = time.perf_counter()
    token.step(0.8, "reading letters")
    left, new = letters(request, semantic.letters, edit)
    middle = time.perf_counter()
    found = [("letters_left", left, middle - started), ("new_text", new, 0.0)]
    if not request.asks_for_new:
        token.step(0.9, "looking for objects")
        thing = objects(request, semantic.objects, edit)
        last = time.perf_counter()
        found.append(("new_object", thing, last - middle))
        face = face_part(request, semantic.objects, edit)
        found.append(("face_part", face, time.perf_counter() - last))
    return found


def letters(
    request: JudgeRequest, read: Callable[[Pixels], list[Found]], edit: MaskBool
) -> tuple[Measured, Measured]:
    """Count characters read on the edit after it: those that were there before, and new ones."""
    view = Box.of_mask(edit).pad(LETTERS_PAD_PX).clamp(Box.of_shape(edit.shape))
    after = _on_edit(_shifted(read(_cut(request.after, view)), view), edit, COVERED)
    after = [found for found in after if found[2] >= LETTER_SCORE]
    if not after:
        return Measured(0.0), Measured(0.0)
    before = _shifted(read(_cut(request.before, view)), view)
    left = [found for found in after if _was_there(found, before, request.removed_text)]
    new = [found for found in after if found not in left]
    return counted(left, edit.shape), counted(new, edit.shape)


def _was_there(found: Found, before: list[Found], removed: str) -> bool:
    if removed and _alike(found[1], removed):
        return True
    return any(
        overlap(found[0], box) >= SAME_PLACE and (_alike(found[1], text) or len(found[1]) <= 3)
        for box, text, _ in before
    )


def _alike(one: str, other: str) -> bool:
    a, b = one.casefold().replace(" ", ""), other.casefold().replace(" ", "")
    if not a or not b:
        return False
    if a in b or b in a:
        return True
    return SequenceMatcher(None, a, b).ratio() >= 0.5


def objects(
    request: JudgeRequest, find: Callable[[Pixels], list[Found]], edit: MaskBool
) -> Measured:
    """Return the score of the surest object on the edit that was not there before; else 0."""
    best: Found | None = None
    for view in _views(edit):
        after = _on_edit(_shifted(find(_cut(request.after, view)), view), edit, OBJECT_ON_EDIT)
        sure = [found for found in after if found[2] >= OBJECT_AFTER]
        if not sure:
            continue
        sure = _confirmed(sure, request.after, view, find)
        before = _shifted(find(_cut(request.before, view)), view) if sure else []
        seen = [found for found in before if found[2] >= OBJECT_BEFORE]
        for found in sure:
            known = any(overlap(found[0], box) >= SAME_PLACE for box, _, _ in seen)
            if not known and (best is None or found[2] > best[2]):
                best = found
    if best is None:
        return Measured(0.0)
    return Measured(best[2], _painted([best[0]], edit.shape), best[0], note=best[1])


def face_part(
    request: JudgeRequest, find: Callable[[Pixels], list[Found]], edit: MaskBool
) -> Measured:
    """Return the largest share of a face that the edit covers without covering it all.

    A fill that is right everywhere else can hardly be right there: what a face looks like does not
    follow from its surroundings. Whoever covers more than 70 % of it takes it away on purpose.
    What was brought back from under an overlay was filled by nobody and does not count.
    """
    best = Measured(0.0)
    filled = grow(request.made_up, request.ring_px) & edit
    views = _views(edit)
    for view in dict.fromkeys([views[0], views[-1]]):
        for pixels in (request.before, request.after):
            faces = [f for f in _shifted(find(_cut(pixels, view)), view) if f[1] == "face"]
            faces = [f for f in _on_edit(faces, edit, 1e-6) if f[2] >= FACE_SCORE]
            for box, label, _ in _confirmed(faces, pixels, view, find) if faces else ():
                share = float(filled[box.slices].mean())
                if best.value < share <= FACE_WHOLE:
                    shown = _painted([box], edit.shape) * filled
                    best = Measured(share, shown, box, note=label)
    return best


def _confirmed(
    sure: list[Found], after: Pixels, view: Box, find: Callable[[Pixels], list[Found]]
) -> list[Found]:
    """Keep what is found in the mirrored picture too: texture that looks like a thing by chance
    seldom does so twice."""
    turned_over: Pixels = to_rgb8(_cut(after, view)[:, ::-1])
    mirrored = find(turned_over)
    turned = [
        (Box(view.right - box.right, view.top + box.top, view.right - box.left,
             view.top + box.bottom), label, score)
        for box, label, score in mirrored
        if score >= OBJECT_BEFORE
    ]  # fmt: skip
    return [
        found
        for found in sure
        if any(label == found[1] and overlap(found[0], box) >= 0.5 for box, label, _ in turned)
    ]


def _views(edit: MaskBool) -> list[Box]:
    """The whole crop, and two cuts around the hole: small things need a closer look."""
    whole = Box.of_shape(edit.shape)
    hole = Box.of_mask(edit)
    side = max(hole.width, hole.height)
    near = [hole.pad(max(24, side // 4)).clamp(whole), hole.pad(max(64, side)).clamp(whole)]
    return list(dict.fromkeys([whole, *near]))


def _cut(pixels: Pixels, view: Box) -> Pixels:
    return pixels[view.slices]


def _shifted(found: list[Found], view: Box) -> list[Found]:
    return [(box.shift(view.left, view.top), text, score) for box, text, score in found]


def _on_edit(found: list[Found], edit: MaskBool, share: float) -> list[Found]:
    frame = Box.of_shape(edit.shape)
    kept = []
    for box, text, score in found:
        inner = box.clamp(frame)
        if inner.area and edit[inner.slices].mean() >= share:
            kept.append((inner, text, score))
    return kept


def overlap(one: Box, other: Box) -> float:
    """Return the common area over the smaller box's."""
    common = one.intersect(other).area if one.overlaps(other) else 0
    return common / max(1, min(one.area, other.area))


def counted(found: list[Found], shape: tuple[int, ...]) -> Measured:
    """Return the number of characters found, with where they stand."""
    if not found:
        return Measured(0.0)
    count = sum(len(text.replace(" ", "")) for _, text, _ in found)
    said = " ".join(text for _, text, _ in found)
    boxes = [box for box, _, _ in found]
    return Measured(float(count), _painted(boxes, shape), Box.around(boxes), note=said)


def _painted(boxes: list[Box], shape: tuple[int, ...]) -> Plane:
    plane = np.zeros(shape[:2], dtype=np.float32)
    for box in boxes:
        plane[box.slices] = 1.0
    return plane
