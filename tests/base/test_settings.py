import json
from pathlib import Path

import pytest

from inpaint_studio.errors import BadSetting
from inpaint_studio.settings import SETTINGS, Settings


def test_every_default_passes_its_own_check_and_keys_are_unique() -> None:
    for setting in SETTINGS:
        assert setting.check(setting.default) == setting.default
    assert len({setting.key for setting in SETTINGS}) == len(SETTINGS)


def test_a_value_survives_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    Settings(path).set("ui_scale", 1.5)
    assert Settings.load(path)["ui_scale"] == 1.5


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("no_such", 1, "no setting named"),
        ("ui_scale", "big", "must be a float"),
        ("ui_scale", 99.0, "between"),
        ("theme", "pink", "one of dark, light"),
        ("threads", True, "must be a int"),
    ],
)
def test_wrong_values_are_refused_with_a_sentence(key: str, value: object, sentence: str) -> None:
    with pytest.raises(BadSetting, match=sentence):
        Settings().set(key, value)


def test_a_damaged_file_is_named_in_the_sentence(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_text("{nope")
    with pytest.raises(BadSetting, match=r"settings\.json"):
        Settings.load(path)
    path.write_text(json.dumps({"unknown": 1}))
    with pytest.raises(BadSetting, match="unknown"):
        Settings.load(path)
