"""The patch engine's search, vote and choice in torch, for a graphics card.

The same levels, costs and joins as on the CPU; only the search differs: there a target reads
neighbours that were improved a moment ago, here all targets of a pass look at once at what the
pass before left, so neighbours a few pixels away are asked too (jump flooding, Rong and Tan 2006,
doi:10.1145/1111411.1111431) and matches spread as far in as many passes. Distances are whole
numbers below 2^24, exact in float32; votes are gathered in one order and nothing is scattered, so
the same device and torch give the same bytes, and pieces of any size do.

What a level holds on the device is a copy: before each step the hole's pixels, matches and costs
are brought up to date, and results go back, so that the CPU's steps (first guess, join) fit in.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from inpaint_studio.engines.patch_held import LINE_TRIES, Held, mix
from inpaint_studio.engines.patch_levels import Level, Points
from inpaint_studio.engines.patch_work import Rounds, apart_cost, weights
from inpaint_studio.jobs.token import RunToken

if TYPE_CHECKING:
    import torch

PIECE = 1 << 16
"""Targets that a card works on at once: about 150 MB."""
CPU_PIECE = 1 << 14
"""The same on torch's CPU device, which is slower: a wish to stop must not wait."""
_JUMPS = (1, 8, 4, 2, 1)
_TOP = 2**31 - 1


def _moves(jump: int) -> tuple[tuple[int, int], ...]:
    return (-jump, 0), (0, -jump), (jump, 0), (0, jump)


class DeviceRounds(Rounds):
    """Runs a level's steps on a torch device; what it does not override runs on the CPU."""

    def __init__(self, threads: int, token: RunToken, device: str, *, piece: int = 0) -> None:
        super().__init__(threads, token)
        self.device = device
        self._piece = piece or (CPU_PIECE if device == "cpu" else PIECE)
        self._held: Held | None = None

    def _on_device(self, level: Level) -> Held:
        if self._held is None or self._held.level is not level:
            self._held = None  # The level before goes before this one comes.
            self._held = Held(level, self.device)
        self._held.refresh()
        return self._held

    def measure(self, level: Level) -> None:
        held = self._on_device(level)
        found = held.up(level.found)
        for part in self._parts(len(level.targets)):
            level.cost[part] = held.costs(held.ask(part), found[part]).cpu().numpy()

    def search(
        self, level: Level, *, salt: int, sweeps: int, reach: int, back: bool = False
    ) -> None:
        """Improve the matches of a level; `back` has no meaning where all look at once."""
        level.spend()
        self.measure(level)
        held = self._on_device(level)
        found, cost = held.up(level.found), held.up(level.cost)
        apart, inner = int(apart_cost(level)), held.up(level.inner)
        for sweep in range(sweeps):
            for number, jump in enumerate(_JUMPS):
                before = found.clone()
                is_last = number == len(_JUMPS) - 1
                for part in self._parts(len(level.targets)):
                    self._improve(
                        held, before, found, cost, part, jump,
                        salt * 16 + sweep if is_last else -1, reach, (inner[part] * apart).int(),
                    )  # fmt: skip
        level.found[:] = found.cpu().numpy()
        level.cost[:] = cost.cpu().numpy()

    def _improve(
        self, held: Held, before: torch.Tensor, found: torch.Tensor, cost: torch.Tensor,
        part: slice, jump: int, salt: int, reach: int, apart: torch.Tensor,
    ) -> None:  # fmt: skip
        """Try what neighbours `jump` px away found; with a salt >= 0, places at random too.

        apart: what each target's match costs for each of the four beside it copied from elsewhere.
        """
        import torch

        targets = held.targets[part]
        patches = held.ask(part)
        beside = [self._offers(held, before, targets, move) for move in _moves(1)]

        def unlike(wanted: torch.Tensor) -> torch.Tensor:
            counts = (usable & (there != wanted).any(dim=1) for there, usable in beside)
            return apart * torch.stack(tuple(counts)).sum(dim=0).int()

        best = found[part]
        least = cost[part] + unlike(best)

        def offer(wanted: torch.Tensor, usable: torch.Tensor) -> None:
            nonlocal best, least
            self._token.check()
            asked = held.costs(patches, wanted, usable)
            asked = torch.where(asked < _TOP, asked + unlike(wanted), asked)
            better = asked < least
            best = torch.where(better[:, None], wanted, best)
            least = torch.where(better, asked, least)

        for move in _moves(jump):
            offer(*self._offers(held, before, targets, move))
        for n in range(LINE_TRIES if salt >= 0 and len(patches.lined) else 0):
            wanted, usable = held.along(patches, targets, mix(targets, salt, n + 64), best)
            offer(wanted, usable)
        radius, turn = reach if salt >= 0 else 0, 0
        while radius >= 1:
            chance = mix(targets, salt, turn)
            span = 2 * radius + 1
            move_y = (chance & 0xFFFF) % span - radius
            move_x = (chance >> 16) % span - radius
            wanted = best + torch.stack([move_y, move_x], dim=1).int()
            offer(wanted, torch.ones_like(least, dtype=torch.bool))
            radius //= 2
            turn += 1
        found[part], cost[part] = best, least - unlike(best)

    @staticmethod
    def _offers(
        held: Held, before: torch.Tensor, targets: torch.Tensor, move: tuple[int, int]
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return where the targets `move` px away would have these copied from, and which are."""
        import torch

        step = torch.tensor(move, dtype=torch.int32, device=targets.device)
        there = targets + step
        place = torch.where(held.is_inside(there), held.index_at(there), -1)
        return before[place.clamp(min=0).long()] - step, place >= 0

    def vote(self, level: Level, points: Points, weight: NDArray[np.float32]) -> None:
        import torch

        held = self._on_device(level)
        found, weights, asked = held.up(level.found), held.up(weight), held.up(points)
        out = level.image[points[:, 0], points[:, 1]]
        for part in self._parts(len(points)):
            here = asked[part]
            total = torch.zeros(len(here), device=here.device)
            mean = torch.zeros((len(here), 4), device=here.device)
            for place, step in held.covering(here):
                self._token.check()
                at = place.clamp(min=0).long()
                own = torch.where(place >= 0, weights[at], 0.0)
                mean = mean + own[:, None] * held.pixels(found[at] - step)
                total = total + own
            voted = (mean / total[:, None]).cpu().numpy()
            has = (total > 0).cpu().numpy()
            out[part][has] = voted[has]
        level.put(points, out)

    def choose(self, level: Level) -> Points:
        import torch

        held = self._on_device(level)
        found, weight = held.up(level.found), held.up(weights(level))
        chosen = np.zeros_like(level.holes)
        asked = held.up(level.holes)
        width = level.hole.shape[1]
        for part in self._parts(len(level.holes), share=4):
            here = asked[part]
            moves, shares = [], []
            for place, step in held.covering(here):
                self._token.check()
                at = place.clamp(min=0).long()
                move = found[at] - (here + step)
                key = move[:, 0].long() * (2 * width) + move[:, 1]
                dear = 1.0 + float(step.abs().sum())
                shares.append(torch.where(place >= 0, weight[at] / dear, 0.0))
                moves.append(key)
            keys, parts = torch.stack(moves, dim=1), torch.stack(shares, dim=1)
            sums = torch.zeros_like(parts)
            for n in range(keys.shape[1]):
                self._token.check()
                sums = sums + torch.where(keys == keys[:, n : n + 1], parts[:, n : n + 1], 0.0)
            sums = torch.where(parts > 0, sums, -1.0)
            order = torch.arange(keys.shape[1], device=here.device)
            first = torch.where(sums == sums.amax(dim=1, keepdim=True), order, keys.shape[1])
            best = first.amin(dim=1, keepdim=True)
            move = keys.gather(1, best)[:, 0]
            down = torch.div(move + width, 2 * width, rounding_mode="floor")
            across = move - down * (2 * width)
            chosen[part] = (here + torch.stack([down, across], dim=1).int()).cpu().numpy()
        return chosen

    def _parts(self, count: int, *, share: int = 1) -> Iterator[slice]:
        """Cut 0..count in pieces, checking the token before each."""
        size = max(1, self._piece // share)
        for at in range(0, count, size):
            self._token.check()
            yield slice(at, min(count, at + size))
