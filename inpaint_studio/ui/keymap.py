"""Which keys do what: the table's own, and the user's over them, checked for conflicts. No Qt."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from inpaint_studio.errors import BadSetting, StorageError
from inpaint_studio.paths import config_dir, ensure
from inpaint_studio.ui.commands import COMMANDS, EVERYWHERE, Command, command


def share_a_place(one: Command, other: Command) -> bool:
    """Whether both can be reached at the same time."""
    return one.where == other.where or EVERYWHERE in (one.where, other.where)


class Keymap:
    """The user's keys over the table's, kept in one small JSON file."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or config_dir() / "keys.json"
        self.problem = ""
        """Why the user's own keys could not be read, as a sentence; "" when all is well."""
        self._own: dict[str, tuple[str, ...]] = {}
        if self.path.exists():
            self._read()

    def _read(self) -> None:
        known = {item.id for item in COMMANDS}
        try:
            raw = json.loads(self.path.read_text(encoding="utf-8"))
            self._own = {
                key: tuple(str(one) for one in value) for key, value in raw.items() if key in known
            }
        except (OSError, ValueError, AttributeError, TypeError) as error:
            self.problem = (
                f"The keys in {self.path} cannot be read ({error}); the usual keys are used. "
                "Change a key to write the file anew."
            )

    def keys(self, command_id: str) -> tuple[str, ...]:
        """The keys of a command; the first is the one shown."""
        return self._own.get(command_id, command(command_id).keys)

    def is_own(self, command_id: str) -> bool:
        return command_id in self._own

    def conflict(self, command_id: str, key: str) -> Command | None:
        """The other command that already has `key` where this one is reached."""
        mine = command(command_id)
        for other in COMMANDS:
            if other.id != command_id and share_a_place(mine, other) and key in self.keys(other.id):
                return other
        return None

    def bind(self, command_id: str, keys: Sequence[str]) -> None:
        """Give a command other keys and write the file. Raises: BadSetting, StorageError."""
        for key in keys:
            taken = self.conflict(command_id, key)
            if taken is not None:
                raise BadSetting(
                    f"{key} already means “{taken.title}”; give that another key first."
                )
        self._own[command_id] = tuple(keys)
        self._write()

    def reset(self, command_id: str | None = None) -> None:
        """Go back to the table's keys, for one command or for all. Raises: StorageError."""
        if command_id is None:
            self._own.clear()
        else:
            self._own.pop(command_id, None)
        self._write()

    def _write(self) -> None:
        ensure(self.path.parent)
        draft = self.path.with_suffix(".part")
        try:
            draft.write_text(json.dumps(self._own, indent=1, sort_keys=True), encoding="utf-8")
            draft.replace(self.path)
        except OSError as error:
            raise StorageError(f"The keys cannot be saved to {self.path}: {error.strerror}.") from (
                error
            )
