"""Settings: where they come from, and what a wrong one says."""

import re
from pathlib import Path

import pytest

from bot.errors import SettingsError
from bot.settings import Settings, load_settings


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # no .env of the developer's


def test_the_environment_beats_the_default_and_a_file_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("LOREBOT_PASSAGES=7\nSLACK_BOT_TOKEN=xoxb-file\n")
    monkeypatch.setenv("LOREBOT_ADMINS", "U1, U2")
    settings = load_settings()
    assert (settings.passages, settings.slack_bot_token, settings.admins) == (7, "xoxb-file", ["U1", "U2"])


@pytest.mark.parametrize(
    ("name", "value"),
    [("LOREBOT_MIN_CONFIDENCE", "1.5"), ("LOREBOT_PASSAGES", "many"), ("LOREBOT_MAX_FILE_MB", "-1")],
)
def test_a_wrong_value_is_named_in_one_line(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=name) as refused:
        load_settings()
    assert "\n" not in str(refused.value)


def test_an_empty_optional_setting_is_as_if_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOREBOT_MIN_CONFIDENCE", "")
    assert load_settings().min_confidence is None


def test_the_readme_lists_every_setting_with_its_default() -> None:
    readme = (Path(__file__).parent.parent / "README.md").read_text()
    listed = set(re.findall(r"^\| `([A-Z_]+)`", readme, re.MULTILINE))
    ours = {
        name.upper() if name.startswith("slack_") else f"LOREBOT_{name.upper()}"
        for name in Settings.model_fields
    }
    assert listed == ours
