"""Loading a base in silence: transformers draws progress bars on stderr and warns of a head that an adapter brings."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any


@contextlib.contextmanager
def quiet_loading() -> Iterator[None]:
    """Inside it, loading a model prints nothing but errors."""
    from transformers.utils import logging

    untyped: Any = logging
    verbosity = untyped.get_verbosity()
    bars = untyped.is_progress_bar_enabled()
    untyped.set_verbosity_error()
    untyped.disable_progress_bar()
    try:
        yield
    finally:
        untyped.set_verbosity(verbosity)
        if bars:
            untyped.enable_progress_bar()
