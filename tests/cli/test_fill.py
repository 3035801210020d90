"""`fill`, `judge`, `replay`, `doctor` from the outside."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from inpaint_studio.cli.main import main
from inpaint_studio.cli.output import review_command
from inpaint_studio.paths import default_library


def _pixels(path: Path) -> Any:
    return np.asarray(Image.open(path).convert("RGB"))


def test_fill_writes_the_contract_and_leaves_the_rest_alone(
    command: Any, photo: Path, mask: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.png"
    code, data = command("fill", photo, "--mask", mask, "-o", out, "--seed", 7)
    assert code == (0 if data["accepted"] else 3)
    assert {"verdict", "readings", "plan", "recipe", "run", "seconds", "seconds_by_stage",
            "peak_mb"} <= set(data)  # fmt: skip
    assert data["recipe"]["seed"] == 7
    assert 0 <= data["verdict"]["risk"] <= 1
    assert all(
        {"name", "value", "low", "high", "passed", "box"} <= set(r) for r in data["readings"]
    )
    feather = data["recipe"]["feather_px"] + data["recipe"]["grow_px"]
    outside = np.ones((260, 360), dtype=bool)
    outside[20 - feather : 46 + feather, 40 - feather : 80 + feather] = False
    assert (_pixels(out)[outside] == _pixels(photo)[outside]).all()
    assert (_pixels(out)[25:40, 45:75] != _pixels(photo)[25:40, 45:75]).any()

    code, again = command("replay", data["run"])
    assert (code, again["answer"]) == (0, "identical")


def test_a_flagged_edit_ends_with_3_waits_in_the_queue_and_force_accepts_it(
    command: Any, photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plane = np.zeros((260, 360), dtype=np.uint8)
    plane[60:240, 110:330] = 255
    hard = tmp_path / "hard.png"
    Image.fromarray(plane).save(hard)
    arguments = ("fill", photo, "--mask", hard, "--engine", "flat")
    code, data = command(*arguments, "-o", tmp_path / "a.png")
    assert code == 3 and data["review_items"] and (tmp_path / "a.png").exists()
    code, items = command("review", "list")
    assert code == 0 and [item["id"] for item in items] == data["review_items"]
    library = tmp_path / "a library"
    words = [str(word) for word in (*arguments, "-o", tmp_path / "c.png", "--library", library)]
    assert main(words) == 3
    said = " ".join(capsys.readouterr().out.split())
    assert f"review list --library '{library}'" in said, "a command that can be typed as it is"
    assert review_command(default_library()) == "`inpaint-studio review list`"
    code, forced = command(*arguments, "-o", tmp_path / "b.png", "--force")
    assert code == 0 and forced["forced"] and not forced["verdict"]["accepted"]


def test_judge_tells_an_untouched_copy_from_a_smeared_one(
    command: Any, photo: Path, mask: Path, tmp_path: Path
) -> None:
    pixels = _pixels(photo).copy()
    pixels[20:46, 40:80] = (255, 0, 255)
    bad = tmp_path / "bad.png"
    Image.fromarray(pixels).save(bad)
    code, worse = command("judge", photo, bad, "--mask", mask)
    assert code == 3 and not worse["accepted"] and worse["verdict"]["summary"]
    code, better = command("judge", photo, photo, "--mask", mask)
    assert better["risk"] < worse["risk"]


def test_judge_takes_folders(command: Any, photo: Path, mask: Path, tmp_path: Path) -> None:
    before, after, masks = (tmp_path / name for name in ("before", "after", "masks"))
    for folder in (before, after, masks):
        folder.mkdir()
    for name in ("one", "two"):
        Image.open(photo).save(before / f"{name}.png")
        Image.open(mask).save(masks / f"{name}.png")
    Image.open(photo).save(after / "one.png")
    code, data = command("judge", before, after, "--mask", masks, "--report", tmp_path / "r.html")
    assert code in (0, 3)
    assert [edit["name"] for edit in data["edits"]] == ["one.png"]
    assert data["left_out"] == ["two.png"]
    assert "one.png" in (tmp_path / "r.html").read_text()


def test_judge_finds_the_edit_itself_and_one_bad_file_stops_nothing(
    command: Any, photo: Path, tmp_path: Path
) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    before.mkdir()
    after.mkdir()
    for name in ("broken", "edited", "same"):
        Image.open(photo).save(before / f"{name}.png")
    (after / "broken.png").write_bytes(b"no picture")
    Image.open(photo).save(after / "same.png")
    Image.open(photo).save(after / "extra.png")
    pixels = _pixels(photo).copy()
    pixels[20:46, 40:80] = (255, 0, 255)
    pixels[5, 5] ^= 1  # A speck is not the edit, and no pixel "outside the mask": there is none.
    Image.fromarray(pixels).save(after / "edited.png")
    code, data = command("judge", before, after, "--report", tmp_path / "r.csv")
    assert code == 2
    assert [edit["name"] for edit in data["edits"]] == ["edited.png"] and data["flagged"] == 1
    readings = {r["name"]: r["value"] for r in data["edits"][0]["readings"]}
    assert readings["leak"] == 0
    assert set(data["not_judged"]) == {"broken.png", "same.png"}
    assert "do not differ" in data["not_judged"]["same.png"]
    assert data["left_out"] == ["extra.png"]
    lines = (tmp_path / "r.csv").read_text().splitlines()
    assert lines[0].startswith("name,verdict,risk,summary,place") and len(lines) == 2


def test_doctor_is_sound_and_lists_engines(command: Any) -> None:
    code, data = command("doctor")
    assert code == 0
    assert data["engines"]["flat"] == "" and data["engines"]["patch"] == ""
    assert data["engines"]["generative"]
    assert data["clashing_packages"] == []


BAD: tuple[tuple[str, tuple[str, ...], int, str], ...] = (
    ("missing photo", ("fill", "{d}/no.png", "--mask", "{mask}", "-o", "{d}/o.png"), 2, "no.png"),
    ("missing mask", ("fill", "{photo}", "--mask", "{d}/no.png", "-o", "{d}/o.png"), 2, "no.png"),
    ("truncated", ("fill", "{cut}", "--mask", "{mask}", "-o", "{d}/o.png"), 2, "cut.png"),
    ("no picture", ("fill", "{text}", "--mask", "{mask}", "-o", "{d}/o.png"), 2, "text.png"),
    ("bomb", ("fill", "{bomb}", "--mask", "{mask}", "-o", "{d}/o.png"), 2, "bomb.png"),
    ("mask size", ("fill", "{photo}", "--mask", "{small}", "-o", "{d}/o.png"), 2, "360"),
    ("empty mask", ("fill", "{photo}", "--mask", "{empty}", "-o", "{d}/o.png"), 2, "empty"),
    ("full mask", ("fill", "{photo}", "--mask", "{full}", "-o", "{d}/o.png"), 2, "whole photo"),
    ("engine", ("fill", "{photo}", "--mask", "{mask}", "-o", "{d}/o.png", "--engine", "magic"), 2,
     "no engine"),
    ("output folder", ("fill", "{photo}", "--mask", "{mask}", "-o", "{d}/no/o.png"), 2,
     "does not exist"),
    ("output format", ("fill", "{photo}", "--mask", "{mask}", "-o", "{d}/o.xyz"), 2, "xyz"),
    ("no weights", ("fill", "{photo}", "--mask", "{mask}", "-o", "{d}/o.png", "--engine",
                    "generative"), 4, "models"),
    ("grow", ("fill", "{photo}", "--mask", "{mask}", "-o", "{d}/o.png", "--grow", "9999"), 2,
     "grow"),
    ("kind", ("propose", "{photo}", "--kind", "unicorn"), 2, "unicorn"),
    ("run", ("replay", "nope"), 2, "nope"),
)  # fmt: skip


@pytest.fixture
def files(tmp_path: Path, photo: Path, mask: Path) -> dict[str, Path]:
    """Good and bad files by the names the table uses."""
    made = {"photo": photo, "mask": mask, "d": tmp_path}
    for name, value in (("empty", 0), ("full", 255)):
        made[name] = tmp_path / f"{name}.png"
        Image.fromarray(np.full((260, 360), value, np.uint8)).save(made[name])
    made["small"] = tmp_path / "small.png"
    Image.fromarray(np.full((20, 20), 255, np.uint8)).save(made["small"])
    made["cut"] = tmp_path / "cut.png"
    made["cut"].write_bytes(photo.read_bytes()[:20_000])
    made["text"] = tmp_path / "text.png"
    made["text"].write_text("this is no picture")
    made["bomb"] = tmp_path / "bomb.png"
    made["bomb"].write_bytes(_bomb())
    return made


def _bomb() -> bytes:
    """A PNG of a few kilobytes that claims a million by a million pixels."""
    import struct
    import zlib

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", 1_000_000, 1_000_000, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(bytes(100_000)))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(("name", "arguments", "code", "word"), BAD, ids=[row[0] for row in BAD])
def test_bad_input_gets_its_sentence_and_exit_code(
    command: Any,
    files: dict[str, Path],
    name: str,
    arguments: tuple[str, ...],
    code: int,
    word: str,
) -> None:
    words = [argument.format(**files) for argument in arguments]
    got, data = command(*words)
    assert (got, data["exit_code"]) == (code, code)
    assert word in data["error"] and data["error"].endswith((".", "`"))
    assert not (files["d"] / "o.png").exists()


def test_an_unwritable_folder_is_said_before_the_work(
    command: Any, photo: Path, mask: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import os

    monkeypatch.setattr(os, "access", lambda path, mode: False)
    code, data = command("fill", photo, "--mask", mask, "-o", photo.parent / "o.png")
    assert code == 2 and "cannot be written" in data["error"]


def test_the_input_is_never_overwritten_silently(command: Any, photo: Path, mask: Path) -> None:
    before = photo.read_bytes()
    code, data = command("fill", photo, "--mask", mask, "-o", photo)
    assert code == 2 and "overwrite" in data["error"].lower()
    assert photo.read_bytes() == before


def test_wrong_usage_ends_with_2_and_points_to_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fill", "--nope"]) == 2
    assert "--help" in capsys.readouterr().err


def test_without_display_the_window_says_how_to_go_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for key in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(key, raising=False)
    assert main([]) == 4
    assert "no display" in capsys.readouterr().err


def test_a_jpeg_with_exif_and_profile_keeps_both_and_every_byte_outside(
    command: Any, mask: Path, tmp_path: Path
) -> None:
    from PIL import ImageCms
    from skimage import data

    exif = Image.Exif()
    exif[271], exif[306] = "Maker", "2026:01:02 03:04:05"
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    source = tmp_path / "camera.jpg"
    found = Image.open(Path(data.__path__[0]) / "coffee.png").convert("RGB").crop((0, 0, 360, 260))
    found.save(source, quality=92, exif=exif, icc_profile=icc)
    out = tmp_path / "camera-after.png"
    _, answer = command("fill", source, "--mask", mask, "-o", out, "--budget", "cheap")
    saved = Image.open(out)
    assert saved.info["icc_profile"] == icc
    assert saved.getexif()[271] == "Maker" and saved.getexif()[306] == exif[306]
    left, top, right, bottom = answer["edits"][0]["changed"]
    outside = np.ones((260, 360), dtype=bool)
    outside[top:bottom, left:right] = False
    assert (_pixels(out)[outside] == _pixels(source)[outside]).all()
    assert any("EXIF" in line for line in answer["saved"]["kept"])


def test_calibrate_refuses_a_promise_that_nothing_carries(command: Any) -> None:
    code, data = command("calibrate", "--limit", "0.02")
    assert code == 3
    assert data["warranty"]["threshold"] is None and data["warranty"]["more"] == 149
    code, data = command("calibrate", "--apply")
    assert code == 2 and "nothing to apply" in data["error"]


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    from inpaint_studio.cli.main import COMMANDS

    assert main(["--help"]) == 0
    shown = capsys.readouterr().out
    assert [name for name in COMMANDS if name not in shown] == []


def test_layers_and_an_edit_note_are_written_when_asked_for(
    command: Any, photo: Path, mask: Path, tmp_path: Path
) -> None:
    out, layers = tmp_path / "out.png", tmp_path / "out.psd"
    arguments = ("fill", photo, "--mask", mask, "-o", out, "--budget", "cheap")
    _, data = command(*arguments, "--note", "--layers", layers, "--seed", 5)
    assert f"seed 5, {data['run']}".encode() in out.read_bytes()
    assert layers.read_bytes()[:4] == b"8BPS"
    code, refused = command(*arguments, "--overwrite", "--layers", tmp_path / "x.gif")
    assert code == 2 and ".psd" in refused["error"]


def test_a_page_of_a_tiff_is_chosen_and_the_others_are_kept(
    command: Any, photo: Path, mask: Path, tmp_path: Path
) -> None:
    first = Image.open(photo)
    second = Image.fromarray(255 - np.asarray(first))
    source, out = tmp_path / "two.tif", tmp_path / "out.tif"
    first.save(source, save_all=True, append_images=[second])
    command("fill", source, "--mask", mask, "-o", out, "--page", 1, "--budget", "cheap")
    saved = Image.open(out)
    assert (np.asarray(saved.convert("RGB")) == np.asarray(first)).all()
    saved.seek(1)
    changed = (np.asarray(saved.convert("RGB")) != np.asarray(second)).any(axis=2)
    assert changed[25:40, 45:75].any() and not changed[100:].any()
