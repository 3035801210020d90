"""Whether something read as text can be text at all.

On photos without text the detector alone marks up to all of the frame, and the recogniser
still "reads" single characters there. What a line of letters cannot be (a quarter of the
frame, thicker than a third of it, of another shape than its number of letters asks for) is
refused here, before any mask is made.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from inpaint_studio.vision.lines import Line

AREA_MOST = 0.25
THICKNESS_MOST = 0.30
SCORE_LEAST = 0.5
FEW_SCORE_LEAST = 0.75


@dataclass(frozen=True, slots=True)
class Plausibility:
    """`ok` and, when it is not, the reason as a clause. `sure`: fit to act on unasked. `few`: it
    would be, were it not so short: two letters or figures may be read by chance."""

    ok: bool
    sure: bool
    why: str = ""
    few: bool = False


def letters_of(text: str) -> str:
    """Return the letters and digits of a text: what can be told from specks and edges."""
    return "".join(char for char in text if unicodedata.category(char)[0] in "LN")


def is_wide(char: str) -> bool:
    """Whether a character is as wide as it is high (CJK)."""
    return unicodedata.east_asian_width(char) in "WF"


def judge(line: Line, shape: tuple[int, ...]) -> Plausibility:
    """Return whether `line` may be text in a photo of `shape`, and whether to act on it alone."""
    height, width = shape[:2]
    letters = letters_of(line.text)
    if not letters or line.score < SCORE_LEAST:
        return Plausibility(False, False, "nothing can be read there")
    if len(letters) <= 2 and line.score < FEW_SCORE_LEAST:
        return Plausibility(False, False, "one or two letters, read without conviction")
    # Three letters read without doubt may fill a small photo or a crop; guesses may not.
    room = 2.2 if len(letters) >= 3 and line.score >= 0.85 else 1.0
    area = line.thickness_px * line.length_px / (height * width)
    if area > room * AREA_MOST:
        return Plausibility(False, False, f"it covers {area:.0%} of the photo")
    if line.thickness_px > room * THICKNESS_MOST * min(height, width):
        return Plausibility(False, False, "it is too high for a line of text")
    count = sum(1.0 if is_wide(char) else 0.55 for char in line.text.strip())
    aspect = line.length_px / max(line.thickness_px, 1.0)
    if not 0.28 * count <= aspect <= 3.2 * count + 1.5:
        return Plausibility(False, False, "its shape does not fit its number of letters")
    well_read = line.score >= 0.85 and line.found >= 0.6
    return Plausibility(True, well_read and len(letters) >= 3, few=well_read and len(letters) == 2)
