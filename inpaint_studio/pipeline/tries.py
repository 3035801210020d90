"""All fills of one region: as planned, by what stands in, to compare, and onward while flagged.

Every change of plan is written into the plan in words; every fill that was made and lost keeps
its artifacts. The clock decides nothing here: a fill it ended leaves the region as it was.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import replace

from inpaint_studio.errors import EngineFailed, Missing, TookTooLong
from inpaint_studio.gating.base import SemanticJudge
from inpaint_studio.imaging.mask import grow, stroke_width
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.pipeline.attempt import Attempt, RegionInput, attempt
from inpaint_studio.pipeline.planning import recipe_like
from inpaint_studio.pipeline.probing import probe_looks
from inpaint_studio.pipeline.request import Fatal, Sink
from inpaint_studio.records import (
    TEXT_KINDS,
    AttemptRecord,
    FillRecipe,
    Plan,
    Reason,
    Stage,
)
from inpaint_studio.routing.onward import SPECKS_PX, after_failure, next_route
from inpaint_studio.routing.route import number

BROKEN = (EngineFailed, Missing, MemoryError)
_LEFT = {
    "letters_left": 2,
    "specks_left": 1 + len(SPECKS_PX),
    "overlay_left": 2,
    "relief_left": 2,
}
"""What is left of letters or a logo and a wider mask mostly takes: how many fills are made for it.
"""


class Tries:
    """The fills of one region: which is the best so far, and what the plan became on the way."""

    def __init__(
        self,
        region: RegionInput,
        plan: Plan,
        offers: Mapping[str, str],
        *,
        sink: Sink,
        semantic: SemanticJudge | None,
        token: RunToken,
        fatal: Fatal,
    ) -> None:
        """fatal: fills that took the process down when this run was tried before, and how."""
        self.plan = plan
        self.stages: tuple[Stage, ...] = ()
        self._region = region
        self._offers = offers
        self._sink = sink
        self._semantic = semantic
        self._token = token
        self._fatal = fatal
        self._reached = 0.0
        self._made: list[tuple[Attempt, str]] = []

    def run(self) -> Attempt | None:
        """Return the best fill; None when every engine that the plan allows broke.

        Raises: Cancelled.
        """
        try:
            compares = bool(self.plan.compare_with) and self._region.options.budget != "cheap"
            if compares and self.plan.decide_by == "probes":
                compares = not self._probed()
            best = self._as_planned(is_last=not compares)
            if best is None:
                return None
            if compares:
                best = self._compared(best)
            best = self._onward(best)
        except TookTooLong as error:
            # Another engine's pixels instead would be the clock's choice.
            self._change(str(error))
            return None
        self.plan = replace(
            self.plan, recipe=best.recipe, changes=(*self.plan.changes, *best.changes)
        )
        return best

    def lost(self, best: Attempt) -> tuple[AttemptRecord, ...]:
        """Return the fills that were made and not kept."""
        return tuple(
            AttemptRecord(
                recipe=made.recipe, why=why, accepted=made.verdict.accepted,
                risk=made.verdict.risk, stages=made.stages,
            )
            for made, why in self._made if made is not best
        )  # fmt: skip

    def _check_fatal(self, name: str) -> None:
        """Raises: EngineFailed: this engine has taken the process down over this region."""
        how = self._fatal.get((name, self._region.box))
        if how is not None:
            raise EngineFailed(how)

    def _make(self, recipe: FillRecipe, why: str, *, is_last: bool) -> Attempt:
        self._check_fatal(recipe.engine)
        stop = 1.0 if is_last else self._reached + (1 - self._reached) / 2
        made = attempt(
            self._region, recipe, sink=self._sink, semantic=self._semantic,
            token=self._token.within(self._reached, stop),
        )  # fmt: skip
        self._reached = stop
        self._made.append((made, why))
        return made

    def _change(self, change: str) -> None:
        self.plan = replace(self.plan, changes=(*self.plan.changes, change))

    def _as_planned(self, *, is_last: bool) -> Attempt | None:
        """Fill by the plan's recipe; while engines break, by what stands in for them."""
        failed: list[str] = []
        name: str | None = self.plan.engine
        while name is not None:
            try:
                recipe = self.plan.recipe
                if name != self.plan.engine:
                    recipe = recipe_like(recipe, name, self._region)
                return self._make(recipe, "as planned" if not failed else self.plan.changes[-1],
                                  is_last=is_last)  # fmt: skip
            except TookTooLong:
                raise
            except BROKEN as error:
                self._change(f"{name} failed ({str(error) or type(error).__name__})")
                failed.append(name)
                name = after_failure(self.plan, failed)
        return None

    def _probed(self) -> bool:
        """Let probe holes choose between the plan's engine and the other; False: none fitted."""
        started = time.perf_counter()
        region, plan = self._region, self.plan
        try:
            for name in (plan.engine, plan.compare_with):
                self._check_fatal(name)
            other = recipe_like(plan.recipe, plan.compare_with, region)
            looks = probe_looks(region, (plan.recipe, other), self._token.within(0.0, 0.2))
        except TookTooLong:
            raise
        except BROKEN as error:
            self._change(f"no probe holes ({str(error) or type(error).__name__})")
            return False
        self._reached = 0.2
        key = self._sink.put_bytes(json.dumps(looks).encode())
        seconds = time.perf_counter() - started
        self.stages = (*self.stages, Stage(name="probes", sha256=key, seconds=seconds))
        if not looks:
            return False
        own, others = (sum(row[n] for row in looks) / len(looks) for n in (0, 1))
        winner = other if others < own else plan.recipe
        said = (
            f"Of {len(looks)} probe holes in known ground, {plan.engine} brings back "
            f"{number(own)} and {other.engine} {number(others)} (look index, lower is better): "
            f"{winner.engine} is taken."
        )
        reason = Reason(text=said, feature="probe_look", value=own, limit=others)
        if winner is other:
            plan = replace(plan, fallbacks=(plan.engine, *plan.fallbacks))
        self.plan = replace(plan, recipe=winner, reasons=(*plan.reasons, reason))
        return True

    def _compared(self, best: Attempt) -> Attempt:
        """Run the other engine too and keep what the gates like better."""
        name = self.plan.compare_with
        if name == best.recipe.engine:
            return best
        try:
            recipe = recipe_like(best.recipe, name, self._region)
            other = self._make(recipe, f"to compare with {best.recipe.engine}", is_last=True)
        except TookTooLong:
            raise
        except BROKEN as error:
            self._change(f"{name} failed in comparison ({str(error) or type(error).__name__})")
            return best
        winner = self._better(other, best)
        loser = best if winner is other else other
        self._change(
            f"compared {best.recipe.engine} with {other.recipe.engine}: kept "
            f"{winner.recipe.engine}, risk {winner.verdict.risk:.3f} against "
            f"{loser.verdict.risk:.3f}"
        )
        return winner

    def _onward(self, best: Attempt) -> Attempt:
        """While it is flagged and tries are left, go the next route and keep the better fill."""
        thickness = stroke_width(self._region.mask)
        fills = 1
        while fills < self._wanted(best):
            fills += 1
            tried = [made.recipe for made, _ in self._made]
            plan = replace(self.plan, recipe=best.recipe)
            route = next_route(
                plan, best.verdict, self._offers, tried,
                thickness_px=thickness, hole=self._region.mask,
            )  # fmt: skip
            if route is None:
                break
            if grow(self._region.mask, route.grow_px, route.grow_within).all():
                break
            recipe = best.recipe
            if route.engine != recipe.engine:
                recipe = recipe_like(recipe, route.engine, self._region)
            recipe = replace(recipe, grow_px=route.grow_px, grow_within=route.grow_within,
                             feather_px=route.feather_px, seed=route.seed)  # fmt: skip
            try:
                again = self._make(recipe, route.reason.text, is_last=False)
            except TookTooLong:
                raise
            except BROKEN as error:
                self._change(f"{route.change}: failed ({str(error) or type(error).__name__})")
                continue
            winner = self._better(again, best)
            kept = "kept" if winner is again else "not kept"
            self._change(
                f"flagged, so filled again with {route.change}: risk {again.verdict.risk:.2f} "
                f"after {best.verdict.risk:.2f}, {kept}"
            )
            best = winner
        return best

    def _wanted(self, best: Attempt) -> int:
        """How many fills are wanted; what is left of letters or a logo always gets another."""
        if best.verdict.accepted:
            return 0
        wanted = self._region.options.tries
        if self._region.kind in TEXT_KINDS:
            left = {name: best.verdict.reading(name) for name in _LEFT}
            failed = [name for name, r in left.items() if r is not None and not r.passed]
            wanted = max([wanted, *(_LEFT[name] for name in failed)])
        return wanted

    @staticmethod
    def _better(one: Attempt, other: Attempt) -> Attempt:
        """The fill the gates like better; `other` when they see no difference."""
        first, second = one.verdict, other.verdict
        is_better = (not first.accepted, first.risk) < (not second.accepted, second.risk)
        return one if is_better else other
