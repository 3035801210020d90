"""The parameters a user may set for an engine: their types, bounds and choices."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from inpaint_studio.errors import BadSetting
from inpaint_studio.records import RunOptions, Scalar


@dataclass(frozen=True, slots=True)
class Knob:
    """One parameter a user may set: its default and its bounds or choices."""

    default: Scalar
    low: float | None = None
    high: float | None = None
    choices: tuple[Scalar, ...] = ()

    def check(self, name: str, value: object) -> Scalar:
        """Return `value` as this knob's type. Raises: BadSetting."""
        kind = type(self.default)
        if kind is float and type(value) is int:
            value = float(value)
        if kind is bool and value in (0, 1):
            value = bool(value)
        if type(value) is not kind:
            raise BadSetting(f"The parameter {name} must be a {kind.__name__}, not {value!r}.")
        if self.choices and value not in self.choices:
            raise BadSetting(
                f"The parameter {name} must be one of {', '.join(map(str, self.choices))}, "
                f"not {value!r}."
            )
        if isinstance(value, (int, float)) and self.low is not None and self.high is not None:
            number = float(value)
            if not (math.isfinite(number) and self.low <= number <= self.high):
                raise BadSetting(
                    f"The parameter {name} must lie between {self.low:g} and {self.high:g}."
                )
        return value


def given(engine: str, options: RunOptions, knobs: Mapping[str, Knob]) -> dict[str, Scalar]:
    """Return the parameters the user gave that this engine knows, checked.

    Raises: BadSetting: one is out of bounds, or the engine the user named does not know it.
    """
    found: dict[str, Scalar] = {}
    for name, value in options.parameters.items():
        if name in knobs:
            found[name] = knobs[name].check(name, value)
        elif options.engine == engine:
            raise BadSetting(
                f"The engine {engine} has no parameter {name!r}; "
                f"there is {', '.join(sorted(knobs)) or 'none'}."
            )
        # Else it is meant for the engine the user named, and this one is a fallback.
    return found
