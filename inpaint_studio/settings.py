"""One table of settings, and the user's values in one JSON file.

Unknown keys and wrong types are refused with a sentence; what is not set has its default.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

from inpaint_studio.errors import BadSetting, StorageError
from inpaint_studio.paths import config_dir, ensure
from inpaint_studio.records import Scalar


@dataclass(frozen=True, slots=True)
class Setting:
    """One thing a user may set. `low`/`high` bound numbers; `choices` bound words."""

    key: str
    default: Scalar
    label: str
    help: str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()

    def check(self, value: object) -> Scalar:
        """Return `value` as this setting's type. Raises: BadSetting."""
        kind = type(self.default)
        if kind is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise BadSetting(f"The setting {self.key} must be a {kind.__name__}, not {value!r}.")
        if self.choices and value not in self.choices:
            raise BadSetting(f"The setting {self.key} must be one of {', '.join(self.choices)}.")
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            low = self.low if self.low is not None else value
            high = self.high if self.high is not None else value
            if not low <= value <= high:
                raise BadSetting(
                    f"The setting {self.key} must lie between {self.low:g} and {self.high:g}."
                )
        return value


SETTINGS: tuple[Setting, ...] = (
    Setting("theme", "dark", "Theme", "Colours of the window", choices=("dark", "light")),
    Setting("ui_scale", 1.0, "Interface scale", "Size of text and controls", 0.75, 3.0),
    Setting("mask_color", "red", "Colour of the mask", "How the mask lies over the photo",
            choices=("red", "green", "blue", "white", "black")),
    Setting("mask_opacity", 0.38, "Opacity of the mask", "0.05 is a breath, 1 hides the photo",
            0.05, 1.0),
    Setting("reviewer", "", "Your name", "Stored with every decision you make"),
    Setting("judge_budget", "auto", "Gate budget",
            "How much time judging and comparing engines may take",
            choices=("cheap", "auto", "full")),
    Setting("fill_budget_s", 60.0, "Time for one region",
            "CPU seconds a fill without a model is planned for; larger holes get less search. "
            "After ten times as long it is stopped and waits for review", 1.0, 36000.0),
    Setting("run_on_release", False, "Fill on release", "Run when a stroke ends"),
    Setting("threads", 0, "Threads", "Threads for filling; 0 means all cores", 0, 256),
    Setting("artifact_budget_gb", 20.0, "Disk for run artifacts", "Oldest go first, in GB",
            0.1, 10000.0),
    Setting("history_budget_gb", 10.0, "Disk for undo", "Oldest deltas go first, in GB",
            0.1, 10000.0),
    Setting("audit_share", 0.05, "Audit share", "Share of accepted edits shown to a person",
            0.0, 1.0),
    Setting("attempts_ahead", 3, "Attempts ahead",
            "Riskiest items in review whose next attempt is computed while the machine idles; "
            "0 computes none", 0, 50),
    Setting("xmp_note", False, "Note edits in XMP", "Write engine, seed and run into saved files"),
    Setting("max_megapixels", 300.0, "Largest photo", "Bigger files are refused unless asked for",
            1.0, 4000.0),
)  # fmt: skip

_BY_KEY = {setting.key: setting for setting in SETTINGS}


def setting(key: str) -> Setting:
    """Return the setting named `key`. Raises: BadSetting."""
    if key not in _BY_KEY:
        raise BadSetting(f"There is no setting named {key}.")
    return _BY_KEY[key]


@dataclass
class Settings:
    """The user's values over the table's defaults."""

    path: Path | None = None
    values: dict[str, Scalar] = field(default_factory=dict)

    def __getitem__(self, key: str) -> Scalar:
        return self.values.get(key, setting(key).default)

    def set(self, key: str, value: object) -> None:
        """Set one value and write the file. Raises: BadSetting, StorageError."""
        self.values[key] = setting(key).check(value)
        self.save()

    def save(self) -> None:
        if self.path is None:
            return
        ensure(self.path.parent)
        draft = self.path.with_suffix(".part")
        try:
            draft.write_text(json.dumps(self.values, indent=1, sort_keys=True))
            draft.replace(self.path)
        except OSError as error:
            raise StorageError(f"Settings cannot be saved to {self.path}: {error.strerror}.") from (
                error
            )

    @classmethod
    def load(cls, path: Path | None = None) -> Settings:
        """Read the settings file (the user's own by default). Raises: BadSetting."""
        path = path or config_dir() / "settings.json"
        if not path.exists():
            return cls(path)
        try:
            raw = json.loads(path.read_text())
        except (OSError, ValueError) as error:
            raise BadSetting(
                f"The settings file {path} cannot be read ({error}); mend or delete it."
            ) from error
        if not isinstance(raw, dict):
            raise BadSetting(f"The settings file {path} must hold one table; mend or delete it.")
        return cls(path, {key: setting(key).check(value) for key, value in raw.items()})
