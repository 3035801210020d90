"""Records as the JSON of the contract and as tables for a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from inpaint_studio.app import Kept
from inpaint_studio.cli.output import DONE, FLAGGED, Output, review_command
from inpaint_studio.imaging.photo import SaveReport
from inpaint_studio.pipeline.planning import offers
from inpaint_studio.pipeline.request import RunRequest
from inpaint_studio.pipeline.road import plans
from inpaint_studio.records import EditRecord, Plan, Reading, RunRecord, Verdict, to_json
from inpaint_studio.routing.onward import NextRoute, onward_of
from inpaint_studio.store.rows import ReviewRow


def reading_json(reading: Reading) -> dict[str, Any]:
    return {
        "name": reading.name,
        "value": reading.value,
        "low": reading.low,
        "high": reading.high,
        "passed": reading.passed,
        "unit": reading.unit,
        "decides": reading.decides,
        "detail": reading.detail,
        "box": to_json(reading.box) if reading.box else None,
        "seconds": round(reading.seconds, 4),
    }


def verdict_json(verdict: Verdict) -> dict[str, Any]:
    return {
        "accepted": verdict.accepted,
        "risk": verdict.risk,
        "summary": verdict.summary,
        "reasons": list(verdict.reasons),
        "box": to_json(verdict.box) if verdict.box else None,
        "version": verdict.version,
    }


def plan_json(plan: Plan) -> dict[str, Any]:
    return {
        "engine": plan.engine,
        "reasons": [to_json(reason) for reason in plan.reasons],
        "fallbacks": list(plan.fallbacks),
        "compare_with": plan.compare_with,
        "decide_by": plan.decide_by if plan.compare_with else "",
        "changes": list(plan.changes),
    }


def edit_json(edit: EditRecord, offers: Mapping[str, str] | None = None) -> dict[str, Any]:
    """`attempts`: fills that were made and not kept; `next` (where it is known what can run
    here): where a flagged edit may go."""
    route = onward_of(edit, offers) if offers is not None else None
    return {
        "edit": edit.edit_id,
        "box": to_json(edit.box),
        "changed": to_json(edit.delta_box) if edit.delta_box else None,
        "kind": edit.kind,
        "state": edit.state,
        "plan": plan_json(edit.plan),
        "recipe": to_json(edit.plan.recipe),
        "verdict": verdict_json(edit.verdict),
        "readings": [reading_json(reading) for reading in edit.verdict.readings],
        "stages": {stage.name: stage.sha256 for stage in edit.stages},
        "attempts": [
            {
                "why": lost.why,
                "recipe": to_json(lost.recipe),
                "accepted": lost.accepted,
                "risk": lost.risk,
                "stages": {stage.name: stage.sha256 for stage in lost.stages},
            }
            for lost in edit.attempts
        ],
        "next": to_json(route) if route else None,
        "seconds": round(edit.seconds, 3),
    }


def run_json(
    record: RunRecord, items: Sequence[ReviewRow] = (), offers: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """The document of `fill --json`: verdict, readings, plan and recipe are the worst region's.

    offers: engine -> "" when it can run here, for where a flagged edit may go next.
    """
    worst = record.worst
    return {
        "run": record.run_id,
        "photo": record.photo_name,
        "accepted": record.accepted,
        "verdict": verdict_json(worst.verdict) | {"accepted": record.accepted},
        "readings": [reading_json(reading) for reading in worst.verdict.readings],
        "plan": plan_json(worst.plan),
        "recipe": to_json(worst.plan.recipe),
        "edits": [edit_json(edit, offers) for edit in record.edits],
        "review_items": [item.item_id for item in items if item.origin == "flagged"],
        "seconds": round(record.seconds, 3),
        "seconds_by_stage": {k: round(v, 3) for k, v in record.seconds_by_stage.items()},
        "peak_mb": round(record.peak_mb, 1),
    }


def show_verdict(output: Output, verdict: Verdict) -> None:
    """Print the verdict and its readings, each with its band and its mark."""
    mark = "accepted" if verdict.accepted else "flagged"
    output.say(f"{mark} · risk {verdict.risk:.2f} · {verdict.summary}")
    for reason in verdict.reasons:
        output.say(f"  {reason}")
    output.table(
        "",
        ("reading", "value", "band", ""),
        [
            (r.label or r.name, f"{r.value:.3g} {r.unit}".strip(), band(r), mark_of(r))
            for r in verdict.readings
        ],
    )


def mark_of(reading: Reading) -> str:
    if reading.passed:
        return "ok"
    return "failed" if reading.decides else "note (does not decide)"


def band(reading: Reading) -> str:
    if reading.low is not None and reading.high is not None:
        return f"{reading.low:.3g} to {reading.high:.3g}"
    if reading.high is not None:
        return f"at most {reading.high:.3g}"
    if reading.low is not None:
        return f"at least {reading.low:.3g}"
    return ""


def show_plan(output: Output, plan: Plan) -> None:
    output.say(f"engine {plan.engine}: " + " ".join(reason.text for reason in plan.reasons))
    for change in plan.changes:
        output.say(f"  plan changed: {change}")


def say_expected(output: Output, request: RunRequest) -> None:
    """Print, before the start, what a long run will need in memory and time."""
    for _, plan in plans(request):
        for reason in plan.reasons:
            if reason.feature in ("memory_mb", "seconds"):
                output.say(reason.text)


def show_run(
    output: Output, kept: Kept, report: SaveReport, *, force: bool, waiting: int, library: Path
) -> int:
    """Print what a run made and where it was saved; return the exit code (0, or 3 flagged).

    waiting: how many items wait in the library, which lies at `library`.
    """
    record = kept.record
    able = offers()
    output.document(
        run_json(record, kept.items, able)
        | {
            "output": str(report.path),
            "saved": {
                "method": report.method,
                "kept": list(report.statement.kept),
                "lost": list(report.statement.lost),
            },
            "forced": bool(force and not record.accepted),
        }
    )
    for number, edit in enumerate(record.edits, 1):
        if len(record.edits) > 1:
            where = edit.delta_box or edit.box
            output.say(
                f"region {number} of {len(record.edits)}, {where.width} × {where.height} px at "
                f"({where.left}, {where.top}):"
            )
        show_plan(output, edit.plan)
        show_verdict(output, edit.verdict)
        show_next(output, edit, able)
    for loss in report.statement.lost:
        output.say(f"mind in {report.path.name}: {loss}")
    output.say(f"wrote {report.path} · run {record.run_id} · {record.seconds:.1f} s")
    if record.accepted or force:
        return DONE
    output.say(f"flagged; {waiting} now wait for review: {review_command(library)}")
    return FLAGGED


def show_next(output: Output, edit: EditRecord, offers: Mapping[str, str]) -> None:
    """Say where a flagged edit may go next, and with which options."""
    if edit.verdict.accepted:
        return
    route = onward_of(edit, offers)
    if route is None:
        output.say("next: nothing else is left to try; it needs a person")
    else:
        output.say(f"next: {route.reason.text} Add {_flags(route, edit)} (or --tries 3).")


def _flags(route: NextRoute, edit: EditRecord) -> str:
    """The options of `fill` that make the next attempt."""
    recipe = edit.plan.recipe
    values = [
        ("--engine", route.engine, recipe.engine),
        ("--grow", route.grow_px, recipe.grow_px),
        ("--feather", route.feather_px, recipe.feather_px),
        ("--seed", route.seed, recipe.seed),
    ]
    flags = [f"{flag} {new}" for flag, new, old in values if new != old]
    return " ".join(flags)
