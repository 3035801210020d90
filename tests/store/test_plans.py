"""The queue's queries read one index and sort nothing: what keeps 100,000 items fast.

(Times are for `python -m tests.benchmarks.store`; a plan does not depend on the machine.)
"""

from __future__ import annotations

import pytest

from inpaint_studio.review.filters import Filter
from inpaint_studio.review.queue_reader import FACETS
from inpaint_studio.store.library import Library

FILTERS = [
    Filter(),
    Filter(gate="seam"),
    Filter(engine="patch"),
    Filter(kind="text"),
    Filter(folder="/shop/7"),
    Filter(batch_id="night"),
    Filter(text="sku-0042"),
    Filter(state="accepted"),
    Filter(state=""),
]


def plan(library: Library, sql: str, values: tuple[object, ...]) -> str:
    with library.database.reading() as tx:
        return "; ".join(str(row[3]) for row in tx.rows(f"EXPLAIN QUERY PLAN {sql}", values))


@pytest.mark.parametrize("which", FILTERS, ids=lambda which: which.where()[0][:30] or "all")
def test_a_filter_reads_one_index_in_order(library: Library, which: Filter) -> None:
    where, values = which.where()
    condition = f"WHERE {where}" if where else ""
    sql = f"SELECT number FROM review_items {condition} ORDER BY {which.order_by()}"
    found = plan(library, sql, values)
    assert "COVERING INDEX" in found
    assert "TEMP B-TREE" not in found


def test_counting_values_reads_one_index_in_order(library: Library) -> None:
    columns = ", ".join(FACETS)
    sql = f"SELECT {columns}, count(*) FROM review_items WHERE waiting = 1 GROUP BY {columns}"
    found = plan(library, sql, ())
    assert "COVERING INDEX" in found
    assert "TEMP B-TREE" not in found


@pytest.mark.parametrize(
    ("sql", "values"),
    [
        ("SELECT * FROM review_items WHERE item_id = ?", ("i",)),
        ("SELECT * FROM decisions WHERE item_id = ? ORDER BY version", ("i",)),
        ("SELECT * FROM history WHERE photo_id = ? ORDER BY position", (1,)),
        ("SELECT * FROM photos WHERE sha256 = ? AND path = ?", ("a", "b")),
        ("SELECT run_id FROM runs WHERE run_id >= ? AND run_id < ? LIMIT 2", ("a", "b")),
        ("SELECT * FROM batch_items WHERE batch_id = ? AND state = ?", ("b", "waiting")),
    ],
)
def test_what_is_looked_up_often_is_not_scanned(
    library: Library, sql: str, values: tuple[object, ...]
) -> None:
    found = plan(library, sql, values)
    assert "SEARCH" in found
    assert "SCAN" not in found
