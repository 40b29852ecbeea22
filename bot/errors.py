"""Every mistake a person can mend, under one base class, so that a command prints one line and not a traceback."""


class LorebotError(Exception):
    """Something a person can mend. The message is one line: what was found, what was expected, what to do."""


class SettingsError(LorebotError):
    """A setting is missing or has a value that can't be used."""


class StoreError(LorebotError):
    """The state file can't be opened, belongs to a newer version, or is not ours."""


class DocumentError(LorebotError):
    """A document can't be learned: unreadable, empty, too large, encrypted."""


class BaseError(LorebotError):
    """The base model is missing, damaged, or not the one that the catalogue names."""


class AdapterError(LorebotError):
    """An adapter is missing, was changed after it was registered, or was made for another base."""


class DataError(LorebotError):
    """A question file or data set can't be read as one."""


class TrainingError(LorebotError):
    """A retraining can't start or can't go on."""


class StoppedError(LorebotError):
    """Somebody asked a training to stop: no failure, and what it has done so far is kept."""


class BusyError(LorebotError):
    """The one place is taken: another retraining runs, or the inference queue is full."""


class DisconnectedError(LorebotError):
    """Slack has taken the app away: it was uninstalled, or its token revoked."""
