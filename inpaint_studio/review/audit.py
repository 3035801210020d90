"""Which accepted edits a person sees all the same, and which items two people see.

The choice is a function of content alone (the SHA-256 of the photo file and of the edit's
pixels), so nobody can steer it, a second run draws the very same sample, and it needs no
state. Rejected: a seeded random generator, whose draw depends on the order of arrival.

Photos of one product are not independent evidence: `share_by_group` draws whole groups.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

SCALE = float(1 << 64)


def draw(content: str, purpose: str) -> float:
    """Return a uniform number in [0, 1) decided by `content` and what it is drawn for."""
    digest = hashlib.sha256(f"{purpose}\0{content}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / SCALE


def is_audited(content: str, share: float) -> bool:
    """Return whether the accepted edit with this content hash goes to a person.

    A larger share keeps every edit that a smaller one drew.
    """
    return draw(content, "audit") < share


def is_reviewed_twice(content: str, share: float) -> bool:
    """Return whether two people must agree on this item."""
    return draw(content, "double") < share


def is_blind(content: str, origin: str, share: float) -> bool:
    """Return whether the gate's evidence stays hidden until the person has decided.

    Audited and planted items always hide it: their green gauges would give them away. So that
    a hidden gauge tells nothing either, a share of the flagged items hides it too.
    """
    return origin != "flagged" or draw(content, "blind") < share


def sample(contents: Iterable[str], share: float) -> list[str]:
    """Return the audited part of `contents`, in the order given."""
    return [content for content in contents if is_audited(content, share)]


def share_by_group(groups: Sequence[tuple[str, str]], share: float) -> list[str]:
    """Return the contents drawn when whole groups are drawn (one content of each drawn group).

    groups: (content hash, group name such as the SKU). Of a drawn group the member with the
    lowest draw is shown: one photo stands for its product.
    """
    best: dict[str, tuple[float, str]] = {}
    for content, group in groups:
        if draw(group, "audit-group") >= share:
            continue
        rank = (draw(content, "audit"), content)
        if group not in best or rank < best[group]:
            best[group] = rank
    return [content for _, content in best.values()]
