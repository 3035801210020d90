"""The nouns of the program as frozen records, to and from JSON.

A record holds no pixels: what is big lies in the object store and is named by its SHA-256.
Arrays travel beside records in the small carriers of the package that makes them
(`engines.base.Fill`, `pipeline.RunResult`, ...).

Every stored record carries `RECORD_VERSION`. Fields are only ever added, with a default, so
that an older record still loads; a record from a newer program is refused with a sentence.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, Literal, TypeAlias, TypeVar

import cattrs

from inpaint_studio.errors import LibraryError
from inpaint_studio.geometry import Box

RECORD_VERSION = 1

Scalar: TypeAlias = str | int | float | bool
Kind: TypeAlias = Literal["text", "object", "blemish", "logo", "watermark", "painted"]
Intent: TypeAlias = Literal["remove", "fill", "replace", "generate", "upscale"]
DecideBy: TypeAlias = Literal["gates", "probes"]
EditState: TypeAlias = Literal["accepted", "queued", "rejected", "superseded"]

KINDS: tuple[Kind, ...] = ("text", "object", "blemish", "logo", "watermark", "painted")
LETTER_KINDS: tuple[Kind, ...] = ("text", "watermark")
TEXT_KINDS: tuple[Kind, ...] = (*LETTER_KINDS, "logo")
"""What has letters for certain, and what may have some."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class FillRecipe:
    """Everything that decides the pixels of one fill. Same recipe + same crop = same bytes.

    `parameters` are the engine's own knobs; `fingerprint` names what else can change bits
    (device, dtype, library versions) and is compared, never obeyed, on replay. `grow_within`: the
    mask grows by `grow_px` in this box alone (the crop's pixels); None: all around.
    """

    engine: str
    engine_version: int
    seed: int = 0
    grow_px: int = 0
    grow_within: Box | None = None
    feather_px: int = 2
    intent: Intent = "remove"
    prompt: str = ""
    model: str = ""
    model_sha256: str = ""
    parameters: dict[str, Scalar] = field(default_factory=dict)
    fingerprint: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One fact that moved a decision: the sentence, and the number it rests on.

    warns: it speaks against the result to come, not for the engine that was chosen.
    """

    text: str
    feature: str = ""
    value: float | None = None
    limit: float | None = None
    warns: bool = False


UNBLENDED = "un-blended"
"""How a change of plan begins that is good news: what lay under an overlay was brought back."""


def is_gain(change: str) -> bool:
    """Say whether a change of plan is one to be glad of."""
    return change.startswith(UNBLENDED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The route chosen for a region: recipe, reasons with their numbers, and where to go next.

    `fallbacks` are engine names in the order a rejected or failed fill is tried again.
    `changes` are the visible changes of plan made while running (never silent). `compare_with`:
    an engine that may suit as well; `decide_by`: both fill and the gates keep the better
    ("gates"), or probe holes in known ground tell which one is run ("probes").
    """

    recipe: FillRecipe
    reasons: tuple[Reason, ...] = ()
    fallbacks: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    compare_with: str = ""
    decide_by: DecideBy = "gates"

    @property
    def engine(self) -> str:
        return self.recipe.engine


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One measured gate: value, the band it must lie in, and where in the frame it is worst.

    `low`/`high` are None where the band is open. `box` and `map_sha256` are in photo pixels.
    `decides` is False for readings that are shown and explained but have no veto of their own.
    """

    name: str
    value: float
    low: float | None = None
    high: float | None = None
    passed: bool = True
    unit: str = ""
    label: str = ""
    detail: str = ""
    box: Box | None = None
    map_sha256: str = ""
    seconds: float = 0.0
    decides: bool = True

    def shifted(self, dx: int, dy: int) -> Reading:
        """The same reading with its box in coordinates moved by (dx, dy)."""
        return replace(self, box=self.box.shift(dx, dy)) if self.box else self


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Pass or fail of one edit. `risk` is 0..1, higher is worse.

    `summary` is one plain sentence for a person; `reasons` are the log lines
    (`reconstruction_mse=0.082 > threshold(0.04)`); `version` names the gate model and thresholds.
    """

    accepted: bool
    risk: float
    summary: str = ""
    reasons: tuple[str, ...] = ()
    readings: tuple[Reading, ...] = ()
    version: str = ""
    box: Box | None = None

    def shifted(self, dx: int, dy: int) -> Verdict:
        """The same verdict with its boxes moved, as from a crop's pixels to the photo's."""
        return replace(
            self,
            box=self.box.shift(dx, dy) if self.box else None,
            readings=tuple(reading.shifted(dx, dy) for reading in self.readings),
        )

    def reading(self, name: str) -> Reading | None:
        return next((reading for reading in self.readings if reading.name == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One step of the road as it happened: what it was, its artifact, how long it took."""

    name: str
    sha256: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptRecord:
    """A fill that was made for a region and not kept: why it was made, and how it was judged.

    Its artifacts stay (`stages`): what was compared can be looked at, and made again.
    """

    recipe: FillRecipe
    why: str
    accepted: bool = False
    risk: float = 1.0
    stages: tuple[Stage, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """What the user asked for. `None` means: let the plan decide.

    `budget` is the judging's; `time_budget_s`: CPU seconds the fill of one region is planned for.
    `tries`: how many fills a flagged region may have, the first one included. `subject`: what the
    detector calls the thing removed ("person"), "" when nobody knows.
    """

    engine: str = "auto"
    kind: Kind = "painted"
    intent: Intent = "remove"
    prompt: str = ""
    seed: int = 0
    grow_px: int | None = None
    feather_px: int | None = None
    force: bool = False
    budget: Literal["cheap", "auto", "full"] = "auto"
    parameters: dict[str, Scalar] = field(default_factory=dict)
    attempt: int = 0
    time_budget_s: float = 60.0
    tries: int = 1
    subject: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EditRecord:
    """One region's way through the road. `box` is the crop in photo pixels.

    `attempts` are the fills that lost against the one kept, in the order they were made.
    """

    edit_id: str
    box: Box
    kind: Kind
    plan: Plan
    verdict: Verdict
    stages: tuple[Stage, ...] = ()
    state: EditState = "queued"
    delta_box: Box | None = None
    seconds: float = 0.0
    attempts: tuple[AttemptRecord, ...] = ()

    def stage(self, name: str) -> Stage | None:
        return next((stage for stage in self.stages if stage.name == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """One pass of the pipeline. With its artifacts it replays bit for bit."""

    run_id: str
    created: str
    options: RunOptions
    photo_name: str = ""
    photo_sha256: str = ""
    edits: tuple[EditRecord, ...] = ()
    seconds: float = 0.0
    peak_mb: float = 0.0
    program_version: str = ""
    version: int = RECORD_VERSION

    @property
    def accepted(self) -> bool:
        return all(edit.verdict.accepted for edit in self.edits)

    @property
    def risk(self) -> float:
        return max((edit.verdict.risk for edit in self.edits), default=0.0)

    @property
    def worst(self) -> EditRecord:
        """The edit a person should look at first."""
        return max(self.edits, key=lambda e: (not e.verdict.accepted, e.verdict.risk))

    @property
    def seconds_by_stage(self) -> dict[str, float]:
        totals: dict[str, float] = {}
        for edit in self.edits:
            lost = (stage for attempt in edit.attempts for stage in attempt.stages)
            for stage in (*edit.stages, *lost):
                if stage.name.startswith("map:"):
                    continue
                totals[stage.name] = totals.get(stage.name, 0.0) + stage.seconds
        return totals


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalRecord:
    """A mask the program suggests. `pin` is (x, y) in photo pixels.

    `automatic` is True only when two independent signals agree; everything else is a
    suggestion for a person to nod at.
    """

    kind: Kind
    box: Box
    confidence: float
    pin: tuple[int, int]
    reason: str
    text: str = ""
    automatic: bool = False


@cache
def _converter() -> cattrs.Converter:
    converter = cattrs.Converter(omit_if_default=False)
    converter.register_unstructure_hook(Box, lambda box: [box.left, box.top, box.right, box.bottom])
    converter.register_structure_hook(Box, lambda value, _: Box(*(int(v) for v in value)))
    converter.register_structure_hook(Scalar, lambda value, _: value)
    return converter


def to_json(record: Any) -> Any:
    """Return `record` as plain lists, dicts, strings and numbers."""
    return _converter().unstructure(record)


def from_json(kind: type[T], data: Any) -> T:
    """Return the record of type `kind` in `data` (what `to_json` gave).

    Raises: LibraryError: the data come from a newer program or are no such record.
    """
    version = data.get("version", RECORD_VERSION) if isinstance(data, dict) else RECORD_VERSION
    if isinstance(version, int) and version > RECORD_VERSION:
        raise LibraryError(
            f"This record was written by a newer program (version {version}); "
            "update Inpaint Studio to open it."
        )
    try:
        return _converter().structure(data, kind)
    except (cattrs.BaseValidationError, TypeError, KeyError, ValueError) as error:
        raise LibraryError(f"A stored {kind.__name__} cannot be read: {error}.") from error
