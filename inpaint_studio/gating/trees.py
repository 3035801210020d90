"""Small decision trees whose answers add up, kept as plain data and explained by their questions.

A weighted sum cannot say that weak texture is a fault where the surroundings are rough and none
where they are plain; a tree of two or three questions can. Trees are grown one after another, each
on what those before it left unsaid (gradient boosting with Newton steps: Friedman 2001,
doi:10.1214/aos/1013203451; 2002, doi:10.1016/S0167-9473(01)00065-2, for the random part of the
edits each tree sees). A reading's share in the answer is what its questions moved on the way down.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
Places = NDArray[np.int64]

CUTS = 23
DIGITS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A question (`name` <= `limit`: go to node `low`, else to `high`) or, without name, an end.

    value: log-odds that an edit which comes as far as this node gets from this tree.
    """

    value: float
    name: str = ""
    limit: float = 0.0
    low: int = 0
    high: int = 0


Tree = tuple[Node, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """How trees are grown. rows: share of the edits each tree sees; leaf: least weight of an end;
    columns: how many numbers each question may choose from; l2: pull of an end's answer to 0.
    """

    trees: int = 200
    depth: int = 3
    rate: float = 0.05
    rows: float = 0.6
    columns: int = 10
    leaf: float = 6.0
    l2: float = 1.0
    seed: int = 0


def walk(tree: Tree, features: Mapping[str, float]) -> tuple[float, list[tuple[str, float]]]:
    """Return the tree's answer and what each question on the way down moved.

    A number that is not there ends the way where it is asked for.
    """
    node = tree[0]
    moved: list[tuple[str, float]] = []
    while node.name and node.name in features:
        then = tree[node.low if features[node.name] <= node.limit else node.high]
        moved.append((node.name, then.value - node.value))
        node = then
    return node.value, moved


def scaled(trees: Sequence[Tree], by: float) -> tuple[Tree, ...]:
    """Return the trees with all their answers multiplied."""
    return tuple(tuple(replace(node, value=node.value * by) for node in tree) for tree in trees)


def answers(trees: Sequence[Tree], names: Sequence[str], values: Matrix) -> Matrix:
    """Return the sum of the trees' answers for (n, k) values, in the trees' order: (n,)."""
    column = {name: number for number, name in enumerate(names)}
    total = np.zeros(len(values))
    for tree in trees:
        at = np.zeros(len(values), dtype=np.int64)
        for number, node in enumerate(tree):
            if node.name:
                here = at == number
                is_low = values[:, column[node.name]] <= node.limit
                at[here] = np.where(is_low[here], node.low, node.high)
        total += np.array([node.value for node in tree])[at]
    return total


@dataclass(frozen=True, slots=True)
class Forest:
    """Small trees that many rows are asked at a time, by number; `answers` asks them by name.

    Their nodes in one row: the number asked for, its limit, the node to go to (at an end the same
    again), the answer. start: what is added to all; roots: each tree's first node; depth: questions
    in a row.
    """

    start: float
    roots: Places
    depth: int
    asked: Places
    limit: Matrix
    low: Places
    high: Places
    value: Matrix

    def answers(self, values: Matrix) -> Matrix:
        """Return the sum of the trees' answers and the start for (n, k) values: (n,)."""
        flat, width = np.ascontiguousarray(values).ravel(), values.shape[1]
        each = np.arange(len(values))[:, None] * width
        at = np.broadcast_to(self.roots, (len(values), len(self.roots)))
        for _ in range(self.depth):
            is_low = flat.take(each + self.asked.take(at)) <= self.limit.take(at)
            at = np.where(is_low, self.low.take(at), self.high.take(at))
        total: Matrix = self.start + self.value.take(at).sum(axis=1)
        return total


def forest_of(start: float, trees: list[list[list[float]]]) -> Forest:
    """Return trees whose nodes are [value] or [value, number, limit, low, high]."""
    roots = np.cumsum([0, *(len(tree) for tree in trees)])[:-1]
    nodes = np.zeros((sum(len(tree) for tree in trees), 5))
    for root, tree in zip(roots.tolist(), trees):
        for number, node in enumerate(tree, start=root):
            ends = (node[0], 0, np.inf, number, number)
            asks = (*node[:3], *(root + then for then in node[3:]))
            nodes[number] = asks if len(node) > 1 else ends
    value, asked, limit, low, high = nodes.T
    down, up = low.astype(np.int64), high.astype(np.int64)
    at, depth = set(roots.tolist()), 0
    while further := {int(then[n]) for n in at for then in (down, up)} - at:
        at, depth = further, depth + 1
    return Forest(start, roots, depth, asked.astype(np.int64), limit, down, up, value)


def grow(
    names: Sequence[str], values: Matrix, target: Matrix, weight: Matrix, how: Growth
) -> tuple[float, list[Tree]]:
    """Return (log-odds to start from, trees). Same values, same trees.

    values: (n, k); target: (n,) in 0..1; weight: (n,).
    """
    cuts = [_cuts(values[:, number]) for number in range(values.shape[1])]
    codes = np.stack(
        [np.searchsorted(cut, values[:, n], side="left") for n, cut in enumerate(cuts)], axis=1
    )
    rng = np.random.default_rng(how.seed)
    start = float(np.log((weight * target).sum() / (weight * (1 - target)).sum()))
    logits = np.full(len(values), start)
    trees: list[Tree] = []
    for _ in range(how.trees):
        chance = 1 / (1 + np.exp(-logits))
        grower = _Grower(
            names=names, codes=codes, cuts=cuts, how=how, rng=rng, weight=weight,
            slope=weight * (target - chance), bend=weight * chance * (1 - chance),
        )  # fmt: skip
        trees.append(grower.tree(np.flatnonzero(rng.random(len(values)) < how.rows)))
        logits = logits + answers(trees[-1:], names, values)
    return start, trees


def _cuts(values: Matrix) -> Matrix:
    """Return where a number may be cut: its quantiles, written shortly, each once."""
    shares = np.linspace(0, 1, CUTS + 2)[1:-1]
    return np.unique([_short(cut) for cut in np.quantile(values, shares, method="lower")])


def _short(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


@dataclass(kw_only=True)
class _Grower:
    """Grows one tree on the slopes and bends (first and second derivatives) of the loss."""

    names: Sequence[str]
    codes: Places
    cuts: Sequence[Matrix]
    how: Growth
    rng: np.random.Generator
    weight: Matrix
    slope: Matrix
    bend: Matrix

    def tree(self, rows: Places) -> Tree:
        nodes: list[Node] = []
        self._node(nodes, rows, 0)
        return tuple(nodes)

    def _node(self, nodes: list[Node], rows: Places, depth: int) -> int:
        place = len(nodes)
        step = self.slope[rows].sum() / (self.bend[rows].sum() + self.how.l2)
        value = _short(self.how.rate * float(step))
        nodes.append(Node(value=value))
        asked = self._question(rows) if depth < self.how.depth else None
        if asked is not None:
            column, cut = asked
            is_low = self.codes[rows, column] <= cut
            low = self._node(nodes, rows[is_low], depth + 1)
            high = self._node(nodes, rows[~is_low], depth + 1)
            limit = float(self.cuts[column][cut])
            nodes[place] = Node(
                value=value, name=self.names[column], limit=limit, low=low, high=high
            )
        return place

    def _question(self, rows: Places) -> tuple[int, int] | None:
        """Return (column, cut) that parts these edits best; None: none does."""
        count = self.codes.shape[1]
        columns = np.sort(self.rng.choice(count, min(self.how.columns, count), replace=False))
        slope, bend, weight = (
            self._summed(plane, rows, columns) for plane in (self.slope, self.bend, self.weight)
        )
        every = slope[:, -1:], bend[:, -1:], weight[:, -1:]
        l2, leaf = self.how.l2, self.how.leaf
        gain = slope**2 / (bend + l2) + (every[0] - slope) ** 2 / (every[1] - bend + l2)
        gain -= every[0] ** 2 / (every[1] + l2)
        gain[(weight < leaf) | (every[2] - weight < leaf)] = 0.0
        best = int(gain.argmax())
        column, cut = divmod(best, gain.shape[1])
        if gain[column, cut] <= 1e-9:
            return None
        return int(columns[column]), cut

    def _summed(self, plane: Matrix, rows: Places, columns: Places) -> Matrix:
        """Return the sum of a plane below each cut of each column: (columns, cuts + 1)."""
        bins = CUTS + 1
        places = self.codes[np.ix_(rows, columns)] + np.arange(len(columns)) * bins
        repeated = np.repeat(plane[rows], len(columns))
        sums = np.bincount(places.ravel(), repeated, len(columns) * bins)
        return np.asarray(np.cumsum(sums.reshape(len(columns), bins), axis=1))


def as_data(tree: Tree) -> list[list[Any]]:
    """Return a tree as data: an end is [value], a question [value, name, limit, low, high]."""
    return [
        [n.value, n.name, n.limit, n.low, n.high] if n.name else [n.value] for n in tree
    ]  # fmt: skip


def from_data(raw: Sequence[Sequence[Any]]) -> Tree:
    """Read a tree. Raises: ValueError, TypeError, IndexError: it is none."""
    nodes = tuple(
        Node(value=float(n[0]), name=str(n[1]), limit=float(n[2]), low=int(n[3]), high=int(n[4]))
        if len(n) > 1
        else Node(value=float(n[0]))
        for n in raw
    )
    for place, node in enumerate(nodes):
        if node.name and not place < min(node.low, node.high) <= max(node.low, node.high) < len(
            nodes
        ):
            raise ValueError("a tree's questions must lead onward")
    if not nodes:
        raise ValueError("a tree has at least one node")
    return nodes
