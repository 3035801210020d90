"""Colour: curves come back to the bit, and other eyes see the same colours."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageCms

from inpaint_studio.imaging import color, icc
from tests.benchmarks.photo_cases import picture, profile

NAMES = ("Display P3", "Adobe RGB", "linear")
PROFILES = [None, *(profile(name) for name in NAMES)]
IDS = ["none", *NAMES]


@pytest.mark.parametrize("found", PROFILES, ids=IDS)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_every_code_comes_back(found: bytes | None, dtype: type) -> None:
    top = np.iinfo(dtype).max
    codes = np.arange(top + 1).astype(dtype)
    pixels = np.stack([codes, codes[::-1], codes], axis=-1)[None]
    space = color.space_of(found)
    linear = space.to_linear(pixels)
    assert linear.dtype == np.float32
    assert linear.min() >= 0
    assert linear.max() <= 1
    assert np.array_equal(space.from_linear(linear, np.dtype(dtype)), pixels)


@pytest.mark.parametrize("found", PROFILES, ids=IDS)
def test_light_between_two_codes_goes_to_the_nearer(found: bytes | None) -> None:
    space = color.space_of(found)
    codes = np.repeat(np.arange(256).astype(np.uint8)[None, :, None], 3, axis=2)
    light = space.to_linear(codes)
    step = np.diff(light, axis=1)
    near = light[:, :-1] + 0.3 * step
    far = light[:, :-1] + 0.8 * step
    eight = np.dtype(np.uint8)
    if found is not None:  # by light; without a profile the nearest code is by encoded value
        assert np.array_equal(space.from_linear(near, eight), codes[:, :-1])
        assert np.array_equal(space.from_linear(far, eight), codes[:, 1:])
    outside = np.array([[[-0.5, 1.5, 0.0]]], np.float32)
    assert space.from_linear(outside, eight).tolist() == [[[0, 255, 0]]]


@pytest.mark.parametrize("name", ["Display P3", "Adobe RGB"])
def test_shown_colours_are_those_of_littlecms(name: str) -> None:
    found = profile(name)
    pixels = picture()
    ours = color.space_of(found).to_srgb8(pixels).astype(int)
    transform = ImageCms.buildTransform(
        ImageCms.ImageCmsProfile(BytesIO(found)), ImageCms.createProfile("sRGB"), "RGB", "RGB",
        ImageCms.Intent.RELATIVE_COLORIMETRIC,
    )  # fmt: skip
    theirs = np.asarray(ImageCms.applyTransform(Image.fromarray(pixels), transform)).astype(int)
    assert np.abs(ours - theirs).max() <= 2
    assert np.abs(ours - theirs).mean() < 0.2
    assert np.abs(ours - pixels).mean() > 1


def test_p3_red_is_more_than_srgb_red() -> None:
    red = np.array([[[255, 0, 0]]], np.uint8)
    assert color.space_of(profile("Display P3")).to_srgb8(red).tolist() == [[[255, 0, 0]]]
    srgb = color.space_of(None).to_display8(red, color.space_of(profile("Display P3")))
    assert np.abs(srgb.astype(int) - [[[234, 51, 35]]]).max() <= 1


def test_sixteen_bits_are_shown_like_eight() -> None:
    space = color.space_of(profile("Adobe RGB"))
    eight = picture()
    deep = eight.astype(np.uint16) * 257
    assert np.abs(space.to_srgb8(deep).astype(int) - space.to_srgb8(eight)).max() <= 1
    assert np.array_equal(color.space_of(None).to_srgb8(deep), eight)


def test_srgb_profiles_are_recognised() -> None:
    found = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    space = color.space_of(found)
    assert space.is_srgb
    pixels = picture()
    assert np.array_equal(space.to_srgb8(pixels), pixels)
    assert np.array_equal(space.to_linear(pixels), color.to_linear(pixels))


def test_damaged_profiles_mean_srgb() -> None:
    good = profile("Adobe RGB")
    for damaged in (b"", b"x" * 200, good[:150], good.replace(b"curv", b"xxxx")):
        space = color.space_of(damaged)
        pixels = picture(32, 24)
        assert np.array_equal(
            space.from_linear(space.to_linear(pixels), np.dtype(np.uint8)), pixels
        )
        assert space.to_srgb8(pixels).shape == pixels.shape


def test_grey_profiles_give_their_curve() -> None:
    head = bytearray(profile("Adobe RGB"))
    head[16:20] = b"GRAY"
    grey = bytes(head).replace(b"rTRC", b"kTRC")
    space = color.space_of(grey)
    codes = np.full((1, 1, 3), 128, np.uint8)
    assert space.to_linear(codes)[0, 0, 0] == pytest.approx((128 / 255) ** 2.19921875, abs=1e-4)


def test_curves_that_fall_are_made_to_rise() -> None:
    values = np.array([0, 30000, 20000, 65535], ">u2").tobytes()
    curve = icc.read_curve(b"curv\0\0\0\0" + (4).to_bytes(4, "big") + values)
    assert curve is not None
    assert (np.diff(curve) >= 0).all()


def test_names_are_read() -> None:
    assert color.space_of(profile("Display P3")).name == "Display P3"
