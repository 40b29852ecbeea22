"""The app's manifest (manifest.json): what Slack is told of it, for the playground and the doctor, too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def manifest() -> dict[str, Any]:
    return dict(json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8")))
