"""Everything the program raises on purpose.

    InpaintError
    ├── UserError            a whole sentence for the user, with what to do next (exit code 2)
    │   ├── BadPhoto         the file cannot be opened as a photo
    │   ├── BadMask          the mask does not fit the photo, is empty or is full
    │   ├── BadSetting       an unknown option, setting, policy or engine name
    │   ├── StorageError     disk full, read-only, vanished: nothing half-written is left
    │   ├── LibraryError     the library is newer, damaged or held by another program
    │   └── Missing          an engine or a model is not there (exit code 4)
    │       └── BadModel     a model file is damaged, unknown, or could run code: refused
    ├── EngineFailed         an engine broke or returned what it must not (caught by the pipeline)
    │   └── TookTooLong      a fill was ended by the clock: its region waits for a person
    └── JobFailed            a job broke, hung, or killed its worker
    Cancelled                not an error: the user said stop (exit code 130)

Anything else that escapes is our own bug (exit code 1).
"""


class InpaintError(Exception):
    """Root of everything raised on purpose."""

    exit_code = 1


class UserError(InpaintError):
    """What the user can mend. `str(error)` is a whole sentence that says what to do."""

    exit_code = 2


class BadPhoto(UserError):
    """The file cannot be opened as a photo."""


class BadMask(UserError):
    """The mask does not fit the photo, selects nothing, or selects everything."""


class ShapeMismatch(BadMask):
    """Two arrays that must cover the same pixels do not."""


class BadSetting(UserError):
    """An unknown or out-of-range option, setting, policy or engine name."""


class StorageError(UserError):
    """The disk is full, read-only or gone. Nothing half-written is left behind."""


class LibraryError(UserError):
    """The library cannot be opened: newer schema, damaged, or held by another program."""


class Missing(UserError):
    """A needed engine or model is not installed; the sentence says what to put where."""

    exit_code = 4


class BadModel(Missing):
    """A model file is damaged, of no known kind, or could run code. It is never loaded."""


class EngineFailed(InpaintError):
    """An engine raised, hung, or returned pixels it must not return."""


class TookTooLong(EngineFailed):
    """A fill reached the limit stated in its recipe. No other fill may take its place: the clock
    must never decide pixels."""


class JobFailed(InpaintError):
    """A job in the background broke, hung, or killed its worker. `trace` tells where."""

    trace = ""


class Cancelled(Exception):
    """The user asked to stop."""

    exit_code = 130
