"""The route from outside: what goes next, more tries, a policy of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from inpaint_studio.cli.main import main
from inpaint_studio.paths import resource
from inpaint_studio.routing.policy import user_policy

OWN = (
    'version = 1\n[[rule]]\nname = "all"\nengine = "{engine}"\nwhen = {{}}\n'
    'because = "It is {{noise}} levels noisy."\n'
)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("INPAINT_STUDIO_HOME", str(tmp_path / "home"))
    user_policy().parent.mkdir(parents=True)
    return user_policy()


@pytest.fixture
def hard(tmp_path: Path) -> Path:
    plane = np.zeros((260, 360), dtype=np.uint8)
    plane[60:240, 110:330] = 255
    Image.fromarray(plane).save(tmp_path / "hard.png")
    return tmp_path / "hard.png"


def test_a_flagged_fill_says_where_to_go_next_and_tries_go_there(
    command: Any, photo: Path, hard: Path, tmp_path: Path
) -> None:
    wish = ("fill", photo, "--mask", hard, "--budget", "cheap")
    code, data = command(*wish, "-o", tmp_path / "a.png")
    (edit,) = data["edits"]
    assert code == 3 and edit["attempts"] == []
    assert edit["next"]["reason"]["text"].endswith(".") and edit["next"]["change"]
    _, more = command(*wish, "-o", tmp_path / "b.png", "--tries", 2)
    (edit,) = more["edits"]
    assert len(edit["attempts"]) == 1 and edit["attempts"][0]["stages"]["fill"]
    assert edit["plan"]["changes"][0].startswith("flagged, so filled again with ")
    assert command("replay", more["run"])[1]["answer"] == "identical"


def test_the_terminal_names_the_options_of_the_next_attempt(
    photo: Path, hard: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wish = ["fill", str(photo), "--mask", str(hard), "--engine", "flat", "--budget", "cheap",
            "-o", str(tmp_path / "a.png"), "--library", str(tmp_path / "l")]  # fmt: skip
    assert main(wish) == 3
    (line,) = (line for line in capsys.readouterr().out.splitlines() if line.startswith("next: "))
    assert "Add --" in line and line.endswith("(or --tries 3).")


def test_ones_own_policy_routes_and_a_broken_one_is_a_sentence_with_exit_code_2(
    command: Any, home: Path, photo: Path, mask: Path, tmp_path: Path
) -> None:
    fill = ("fill", photo, "--mask", mask, "--budget", "cheap", "-o", tmp_path / "o.png")
    home.write_text(OWN.format(engine="flat"))
    _, data = command(*fill)
    assert data["plan"]["engine"] == "flat"
    assert data["plan"]["reasons"][0]["text"].startswith("It is ")
    assert data["plan"]["reasons"][0]["feature"] == "noise"
    code, data = command("doctor")
    assert (code, data["routing"]["policy"]) == (0, str(home))
    for text, says in (
        ("version = ", "not readable TOML"),
        (OWN.format(engine="magic"), "names no engine: 'magic'"),
        (OWN.format(engine="flat") * 2, "version"),
    ):
        home.write_text(text)
        code, data = command(*fill, "--overwrite")
        assert code == 2 and says in data["error"] and str(home) in data["error"]
        code, data = command("doctor")
        assert code == 2 and says in data["routing"]["problem"]


def test_doctor_checks_a_policy_before_it_is_used(command: Any, tmp_path: Path) -> None:
    code, data = command("doctor", "--policy", resource("routing", "policy.toml"))
    assert code == 0 and data["rules"][-1] == "texture and structure"
    code, data = command("doctor", "--policy", tmp_path / "none.toml")
    assert code == 2 and "none.toml cannot be read" in data["error"]


def test_a_batch_takes_tries_within_their_range(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["batch", str(tmp_path), "-o", str(tmp_path / "out"), "--tries", "9"]) == 2
    assert "invalid choice: 9" in capsys.readouterr().err


def test_a_command_after_its_options_is_told_where_it_goes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["--library", "lib", "review", "list"]) == 2
    assert "`inpaint-studio review …`" in capsys.readouterr().err
