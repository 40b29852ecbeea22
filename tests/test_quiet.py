"""Quiet hours: which moments they cover, when they are over, and that a setting that isn't one is said to be none."""

from __future__ import annotations

from datetime import datetime

import pytest

from bot.errors import SettingsError
from bot.quiet import quiet_hours
from bot.settings import load_settings


def at(hour: int, minute: int = 0, day: int = 2) -> datetime:
    return datetime(2026, 3, day, hour, minute)


@pytest.mark.parametrize(
    ("hours", "quiet", "not_quiet"),
    [
        ("08:00-19:00", [at(8), at(12, 30), at(18, 59)], [at(7, 59), at(19), at(23), at(0)]),
        ("22:30-06:15", [at(22, 30), at(0), at(6, 14)], [at(6, 15), at(12), at(22, 29)]),
        ("0:00 - 6:00", [at(0), at(5, 59)], [at(6), at(23, 59)]),
    ],
)
def test_they_hold_from_begin_up_to_their_end(
    hours: str, quiet: list[datetime], not_quiet: list[datetime]
) -> None:
    found = quiet_hours(hours)
    assert found is not None
    assert all(found.hold(moment) for moment in quiet)
    assert not any(found.hold(moment) for moment in not_quiet)


def test_they_are_over_at_their_next_end() -> None:
    day, night = quiet_hours("08:00-19:00"), quiet_hours("22:00-06:00")
    assert day is not None
    assert night is not None
    assert day.over_at(at(8)) == at(19)
    assert day.over_at(at(7)) == at(7)
    assert night.over_at(at(23)) == at(6, day=3)
    assert night.over_at(at(3)) == at(6)


def test_without_a_setting_there_are_none() -> None:
    assert quiet_hours(" ") is None


@pytest.mark.parametrize("value", ["8-19", "08:00", "25:00-26:00", "08:00-08:00", "work hours"])
def test_what_is_none_is_told_in_one_line(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOREBOT_QUIET_HOURS", value)
    with pytest.raises(
        SettingsError, match=r"LOREBOT_QUIET_HOURS is '.*': expected two .*08:00-19:00"
    ) as told:
        load_settings(_env_file=None)
    assert "\n" not in str(told.value)


def test_a_training_command_names_both_folders(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOREBOT_TRAIN_COMMAND", "train.sh {build}")
    with pytest.raises(SettingsError, match=r"LOREBOT_TRAIN_COMMAND .*expected \{build\} and \{out\}"):
        load_settings(_env_file=None)
    monkeypatch.setenv("LOREBOT_TRAIN_COMMAND", "train.sh '{build} {out}")
    with pytest.raises(SettingsError, match="quotation"):
        load_settings(_env_file=None)
