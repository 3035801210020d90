"""Where things lie. Nothing is created at import; `ensure` makes a folder when it is needed.

`INPAINT_STUDIO_HOME` moves everything the program keeps for a user (tests, portable installs).
"""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

from inpaint_studio.errors import StorageError

APP = "inpaint-studio"


def resource(*parts: str) -> Path:
    """Return a file that comes with the program (a checkout's or an installed package's)."""
    package = Path(__file__).parent
    for root in (package / "resources", package.parent / "resources"):
        found = root.joinpath(*parts)
        if found.exists():
            return found
    return package.parent / "resources" / Path(*parts)


def _home() -> Path | None:
    home = os.environ.get("INPAINT_STUDIO_HOME")
    return Path(home) if home else None


def config_dir() -> Path:
    home = _home()
    return home / "config" if home else Path(platformdirs.user_config_dir(APP, appauthor=False))


def data_dir() -> Path:
    home = _home()
    return home / "data" if home else Path(platformdirs.user_data_dir(APP, appauthor=False))


def cache_dir() -> Path:
    home = _home()
    return home / "cache" if home else Path(platformdirs.user_cache_dir(APP, appauthor=False))


def models_dir() -> Path:
    """The models folder: `INPAINT_STUDIO_MODELS`, else one in the user's data."""
    models = os.environ.get("INPAINT_STUDIO_MODELS")
    return Path(models) if models else data_dir() / "models"


def default_library() -> Path:
    return data_dir() / "library"


def ensure(folder: Path) -> Path:
    """Make `folder` if it is not there.

    Raises: StorageError: it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(
            f"The folder {folder} cannot be made ({error.strerror}); choose another one "
            "or free the disk."
        ) from error
    return folder
