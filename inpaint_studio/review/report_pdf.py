"""The report on A4 pages, drawn with Pillow: no Qt, so the terminal can write it too."""

from __future__ import annotations

import io
import os
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from inpaint_studio.paths import resource
from inpaint_studio.review.report import Bar, Plot, Report, Shot

DPI = 150
WIDTH, HEIGHT = 1240, 1754
MARGIN = 96
INK, DIM, BLUE, TRACK = "#1c1c1f", "#66666d", "#4f8ff7", "#ececef"
MARKS = {"accepted": "#1d7a45", "fixed": "#1d7a45", "rejected": "#c2322d"}
COLUMNS = 4


def report_pdf(report: Report) -> bytes:
    """Return the report as a PDF of A4 pages."""
    pages = _Pages()
    pages.text(report.title, 40, bold=True)
    pages.text(report.subtitle, 18, color=DIM)
    pages.gap(24)
    pages.numbers(report.numbers)
    pages.heading("What may have slipped through")
    pages.text(report.sentence, 20)
    for plot in report.plots:
        pages.plot(plot)
    if report.shots:
        pages.heading("Items that a person sees or saw")
        pages.shots(report.shots)
    if report.more_shots:
        pages.text(f"and {report.more_shots} more in the library", 18, color=DIM)
    return pages.save(report.title)


class _Pages:
    """A pen that goes down the page and turns it at the end."""

    def __init__(self) -> None:
        self._pages: list[Image.Image] = []
        self._turn()

    def _turn(self) -> None:
        self._page = Image.new("RGB", (WIDTH, HEIGHT), "white")
        self._draw = ImageDraw.Draw(self._page)
        self._pages.append(self._page)
        self._y = MARGIN

    def room(self, height: int) -> None:
        if self._y + height > HEIGHT - MARGIN:
            self._turn()

    def gap(self, height: int) -> None:
        self._y += height

    def heading(self, words: str) -> None:
        self.room(140)
        self._y += 34
        self.text(words, 24, bold=True)

    def text(self, words: str, size: int, *, bold: bool = False, color: str = INK) -> None:
        font = font_of(size, bold=bold)
        for line in wrapped(words, font, WIDTH - 2 * MARGIN):
            self.room(round(size * 1.5))
            self._draw.text((MARGIN, self._y), line, font=font, fill=color)
            self._y += round(size * 1.5)

    def numbers(self, rows: tuple[tuple[str, str], ...]) -> None:
        width = (WIDTH - 2 * MARGIN) // 4
        for number, (name, value) in enumerate(rows):
            if number % 4 == 0:
                self.room(90)
            x = MARGIN + (number % 4) * width
            self._draw.text((x, self._y), value, font=font_of(28, bold=True), fill=INK)
            self._draw.text((x, self._y + 38), name, font=font_of(16), fill=DIM)
            if number % 4 == 3 or number == len(rows) - 1:
                self._y += 84

    def plot(self, plot: Plot) -> None:
        self.room(110 + 30 * min(3, len(plot.bars)))
        self.heading(plot.title)
        for bar in plot.bars:
            self.room(32)
            self._bar(bar)
            self._y += 30
        if plot.note:
            self.text(plot.note, 16, color=DIM)

    def _bar(self, bar: Bar) -> None:
        left, right, y = MARGIN + 330, WIDTH - MARGIN - 250, self._y
        name = shortened(bar.name, font_of(18), 320)
        self._draw.text((MARGIN, y), name, font=font_of(18), fill=INK)
        self._draw.rounded_rectangle((left, y + 5, right, y + 20), 3, fill=TRACK)
        span = right - left
        if bar.value > 0:
            end = left + max(3, round(span * min(1.0, bar.value)))
            self._draw.rounded_rectangle((left, y + 5, end, y + 20), 3, fill=BLUE)
        if bar.low is not None and bar.high is not None:
            ends = (left + span * bar.low, y + 12, left + span * min(1.0, bar.high), y + 12)
            self._draw.line(ends, fill=INK, width=2)
        self._draw.text((right + 16, y), bar.text, font=font_of(18), fill=DIM)

    def shots(self, shots: tuple[Shot, ...]) -> None:
        gap = 24
        width = (WIDTH - 2 * MARGIN - gap * (COLUMNS - 1)) // COLUMNS
        height = round(width * 0.7)
        for start in range(0, len(shots), COLUMNS):
            self.room(height + 96)
            for column, shot in enumerate(shots[start : start + COLUMNS]):
                self._shot(shot, MARGIN + column * (width + gap), width, height)
            self._y += height + 96

    def _shot(self, shot: Shot, x: int, width: int, height: int) -> None:
        box = (x, self._y, x + width, self._y + height)
        self._draw.rectangle(box, fill=TRACK)
        if shot.picture:
            with Image.open(io.BytesIO(shot.picture)) as picture:
                small = picture.convert("RGB")
            scale = max(width / small.width, height / small.height)
            small = small.resize((max(width, round(small.width * scale)),
                                  max(height, round(small.height * scale))))  # fmt: skip
            left, top = (small.width - width) // 2, (small.height - height) // 2
            self._page.paste(small.crop((left, top, left + width, top + height)), box[:2])
        y = self._y + height + 6
        font = font_of(16)
        self._draw.text((x, y), shortened(shot.title, font, width), font=font, fill=INK)
        self._draw.text((x, y + 22), shortened(shot.detail, font, width), font=font, fill=DIM)
        color = MARKS.get(shot.mark, DIM)
        self._draw.text((x, y + 44), shot.mark, font=font_of(16, bold=True), fill=color)

    def save(self, title: str) -> bytes:
        for number, page in enumerate(self._pages, 1):
            words = f"{number} / {len(self._pages)}"
            ImageDraw.Draw(page).text(
                (WIDTH - MARGIN, HEIGHT - 60), words, font=font_of(16), fill=DIM, anchor="ra"
            )
        data = io.BytesIO()
        first, *rest = self._pages
        first.save(
            data, "PDF", save_all=True, append_images=rest, resolution=DPI, title=title, quality=90
        )
        return data.getvalue()


def font_of(size: int, *, bold: bool = False) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Return the program's own font, or Pillow's where it is not there."""
    name = "SemiBold" if bold else "Regular"
    for path in sorted(Path(resource("fonts")).glob("*.[ot]tf")):
        if name in path.name:
            return ImageFont.truetype(os.fspath(path), size)
    return ImageFont.load_default(size)


def wrapped(
    words: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: int
) -> list[str]:
    """Break a text into lines of at most `width` px."""
    lines: list[str] = []
    line = ""
    for word in words.split():
        longer = f"{line} {word}".strip()
        if line and font.getlength(longer) > width:
            lines.append(line)
            line = word
        else:
            line = longer
    return [*lines, shortened(line, font, width)]


def shortened(words: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: int) -> str:
    """Cut a text that is wider than `width` px, with an ellipsis."""
    if font.getlength(words) <= width:
        return words
    while words and font.getlength(words + "…") > width:
        words = words[:-1]
    return words + "…"
