"""The same bytes for any number of threads, over drawn recipes; sixteen bits stay in the fill."""

from __future__ import annotations

import numpy as np
import pytest

from tests.engines.bytes_equal import (
    ENOUGH_PX,
    THREADS,
    Drawn,
    digests,
    drawn,
    saved,
    significant_bits,
)

CASES = list(drawn(10))
DEEP = [
    case
    for case in CASES
    if case.pixels.dtype == np.uint16 and case.request.mask.sum() >= ENOUGH_PX
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_threads_do_not_decide(case: Drawn) -> None:
    found = digests(case)
    assert len(found) == len(THREADS)
    assert len(set(found.values())) == 1, found


@pytest.mark.parametrize("case", DEEP, ids=lambda case: case.name)
def test_sixteen_bit_fills_hold_twelve_bits(case: Drawn) -> None:
    after = saved(case)
    mask = case.request.mask
    bits = min(significant_bits(after[mask][:, channel]) for channel in range(3))
    assert bits >= 12


def test_the_measure_sees_fewer_bits() -> None:
    values = np.random.default_rng(1).integers(0, 65536, 4000).astype(np.uint16)
    assert significant_bits(values) == 14
    for bits in (8, 9, 10, 11):
        step = 1 << (16 - bits)
        assert significant_bits(values // step * step) <= bits
    assert significant_bits((values // 256 * 257).astype(np.uint16)) == 8
