"""Writes a report as a file, HTML or PDF.

Both are made without Qt, so that terminal and window give the same file.
"""

from __future__ import annotations

from pathlib import Path

from inpaint_studio.errors import BadSetting
from inpaint_studio.review.report import make_report
from inpaint_studio.review.report_html import report_html
from inpaint_studio.store.files import write_durably
from inpaint_studio.store.library import Library


def write_report(library: Library, path: Path, *, batch_id: str = "") -> None:
    """Write the report as `path` says, .html or .pdf; whole or not at all.

    Raises: BadSetting: another suffix; StorageError.
    """
    suffix = path.suffix.lower()
    if suffix not in (".html", ".htm", ".pdf"):
        raise BadSetting(f"A report is written as .html or .pdf, not {suffix or 'without suffix'}.")
    report = make_report(library, batch_id)
    if suffix == ".pdf":
        from inpaint_studio.review.report_pdf import report_pdf  # 0.07 s, and few want one.

        data = report_pdf(report)
    else:
        data = report_html(report).encode()
    write_durably(path.absolute(), data)
