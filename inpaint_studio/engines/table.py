"""The one table of fill engines. A new engine is known, tested and offered by being listed here.

Rows name module and class, so that listing costs no import of a heavy library; an engine's
module itself must be light to import. A row whose module does not exist reads as not installed.
"""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache

from inpaint_studio.arrays import MaskBool
from inpaint_studio.engines.base import Availability, Engine, Fill, FillRequest
from inpaint_studio.errors import BadSetting, Missing
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.records import FillRecipe, RunOptions

_ROWS: tuple[tuple[str, str, str], ...] = (
    ("flat", "inpaint_studio.engines.flat", "FlatEngine"),
    ("patch", "inpaint_studio.engines.patch", "PatchEngine"),
    ("text", "inpaint_studio.engines.text", "TextEngine"),
    ("generative", "inpaint_studio.engines.generative", "GenerativeEngine"),
    ("learned", "inpaint_studio.engines.learned", "LearnedEngine"),
    ("upscale", "inpaint_studio.engines.upscale", "UpscaleEngine"),
)
MODELLED = frozenset({"generative", "learned", "upscale"})
"""Engines that hold a model in memory: their jobs go to the heavy worker, where it stays warm."""
DEAR = frozenset({"generative", "upscale"})
"""Engines whose second fill takes as long as the first one, minutes on a CPU: the gates ask them
for probe holes only when all of the budget is given."""


class _Absent:
    """Stands in for an engine whose module is not part of this installation."""

    version = 0
    takes: frozenset[str] = frozenset()

    def __init__(self, name: str) -> None:
        self.name = name
        self.title = name.capitalize()

    def _missing(self) -> Missing:
        return Missing(f"The engine {self.name} is not part of this installation; reinstall it.")

    def availability(self) -> Availability:
        return Availability(
            ready=False, why=f"{self.title} is not installed.", how="Reinstall Inpaint Studio."
        )

    def recipe(self, options: RunOptions, mask: MaskBool) -> FillRecipe:
        raise self._missing()

    def context_px(self, mask: MaskBool) -> int:
        return 0

    def estimate_mb(self, shape: tuple[int, int], hole_px: int) -> float:
        return 0.0

    def fill(self, request: FillRequest, token: RunToken) -> Fill:
        raise self._missing()


@cache
def _load(name: str) -> Engine:
    module_name, class_name = next(row[1:] for row in _ROWS if row[0] == name)
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name != module_name:
            raise
        return _Absent(name)
    made: Engine = getattr(module, class_name)()
    return made


class _Table(Mapping[str, Engine]):
    """Engines by name, in the table's order, each imported when it is first asked for."""

    def __getitem__(self, name: str) -> Engine:
        if name not in {row[0] for row in _ROWS}:
            raise KeyError(name)
        return _load(name)

    def __iter__(self) -> Iterator[str]:
        return (row[0] for row in _ROWS)

    def __len__(self) -> int:
        return len(_ROWS)


ENGINES: Mapping[str, Engine] = _Table()


def check_names(parameters: Iterable[str]) -> None:
    """Raise `BadSetting` for a parameter that no engine has: it is most likely misspelled."""
    for name in parameters:
        every = {taken for maker in ENGINES.values() for taken in maker.takes}
        if name not in every:
            alike = difflib.get_close_matches(name, sorted(every), n=1)
            meant = f"do you mean {alike[0]!r}?" if alike else "leave it out."
            raise BadSetting(f"No engine has a parameter {name!r}; {meant}")


def engine(name: str) -> Engine:
    """Return the engine called `name`. Raises: BadSetting: there is none."""
    if name not in ENGINES:
        raise BadSetting(f"There is no engine {name!r}; choose one of {', '.join(ENGINES)}.")
    return ENGINES[name]
