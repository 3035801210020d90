"""Words on the screen go through `tr`, so that a translation can be dropped in."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication


def tr(words: str, **values: object) -> str:
    """Return `words` in the user's language, with `{name}` places filled in."""
    text = QCoreApplication.translate("InpaintStudio", words)
    return text.format(**values) if values else text


def count(number: int, one: str, many: str) -> str:
    """Return '1 edit', '3 edits': the number with the fitting word."""
    return f"{number:,} {tr(one) if number == 1 else tr(many)}".replace(",", " ")


def sentence(words: str) -> str:
    """Return words as they stand alone on the screen: with a capital."""
    return words[:1].upper() + words[1:]


def file_size(number: int) -> str:
    """Return so many bytes as '820 B', '28 kB' or '1.4 MB'."""
    if number < 1000:
        return f"{number} B"
    if number < 1_000_000:
        return f"{number / 1e3:.0f} kB"
    return f"{number / 1e6:.1f} MB"
