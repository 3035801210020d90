"""Like items are found by mask, by product name and by what changed; precedents by readings."""

from dataclasses import dataclass

import numpy as np
import pytest
from skimage import data

from inpaint_studio.review.groups import distance, fingerprint, group_of, sku_of
from inpaint_studio.review.precedents import Decided, nearest


@dataclass(frozen=True)
class Item:
    item_id: str
    photo_name: str = "x.png"
    mask_sha256: str = ""
    fingerprint: str = ""


@pytest.mark.parametrize(
    ("name", "sku"),
    [("MUG-042_front.tif", "mug-042"), ("MUG-042_2.tif", "mug-042"), ("mug-042.tif", "mug-042"),
     ("shoe (3).jpg", "shoe"), ("a/b/cap_b.png", "cap"), ("IMG_0001.jpg", "img_0001"),
     ("7.jpg", "7")],
)  # fmt: skip
def test_the_product_part_of_a_name(name, sku):
    assert sku_of(name) == sku


def test_group_of_takes_the_largest_way_to_be_alike():
    items = [
        Item("a", "mug_1.png", "m1"), Item("b", "mug_2.png", "m2"), Item("c", "mug_3.png", "m3"),
        Item("d", "cup_1.png", "m1"),
    ]  # fmt: skip
    group = group_of(items[0], items)
    assert (group.why, group.members) == ("product", ("a", "b", "c"))
    assert group_of(Item("z", "lonely.png"), items).members == ("z",)


def test_the_same_change_on_two_photos_has_near_fingerprints():
    coffee, cat = data.coffee()[:200, :300], data.chelsea()[:200, :300]

    def removed(photo):
        after = photo.copy()
        after[60:120, 80:220] = (after[60:120, 80:220] // 2) + 100
        after[140:160, 20:60] = 0
        return after

    flat = np.full_like(coffee, 90)
    near = distance(fingerprint(flat, removed(flat)), fingerprint(flat + 3, removed(flat + 3)))
    far = distance(fingerprint(coffee, removed(coffee)), fingerprint(cat, np.roll(cat, 40, axis=1)))
    assert near <= 6 < far
    assert fingerprint(coffee, coffee) == ""
    assert distance("", "00") == 64


def test_sixteen_bit_photos_have_the_same_fingerprint():
    before = data.coffee()[:100, :100]
    after = before.copy()
    after[20:60, 20:60] = 10
    wide = [(x.astype(np.uint16) * 257) for x in (before, after)]
    assert distance(fingerprint(before, after), fingerprint(*wide)) <= 1


def test_precedents_are_near_in_every_unit():
    decided = [
        Decided("good-near", True, {"mse": 0.010, "power": 100.0}),
        Decided("good-far", True, {"mse": 0.100, "power": 100.0}),
        Decided("bad-near", False, {"mse": 0.012, "power": 120.0}),
        Decided("bad-far", False, {"mse": 0.010, "power": 900.0}),
        Decided("unlike", False, {"other": 1.0}),
    ]
    found = nearest({"mse": 0.011, "power": 105.0}, decided, count=1)
    assert [p.item_id for p in found] == ["good-near", "bad-near"]
    assert nearest({"mse": 1.0}, [], count=1) == []
    assert nearest({"nothing": 1.0}, decided) == []
