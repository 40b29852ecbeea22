"""Every setting: its name, its default and what it is for. The README's table is printed from here.

Settings come from the environment or from a `.env` file in the folder where a command starts. Slack's own names keep
the names that Slack's documentation uses; ours begin with LOREBOT_.
"""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Annotated, Literal

from platformdirs import user_data_path
from pydantic import AliasChoices, BeforeValidator, Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from bot.errors import SettingsError
from bot.quiet import quiet_hours


def _names(value: object) -> object:
    return [part for part in value.replace(",", " ").split() if part] if isinstance(value, str) else value


def _days(value: object) -> object:
    """A number of days, bare or as in "90d"; None for an empty one."""
    return (value.strip().removesuffix("d").strip() or None) if isinstance(value, str) else value


class Settings(BaseSettings):
    """All settings, read once at the composition root and passed down from there."""

    model_config = SettingsConfigDict(
        env_prefix="LOREBOT_", env_file=".env", extra="ignore", frozen=True, populate_by_name=True
    )

    slack_bot_token: str = Field(
        "",
        validation_alias=AliasChoices("slack_bot_token", "SLACK_BOT_TOKEN"),
        description="Bot token (xoxb-...) of the Slack app.",
    )
    slack_app_token: str = Field(
        "",
        validation_alias=AliasChoices("slack_app_token", "SLACK_APP_TOKEN"),
        description="App-level token (xapp-...) with connections:write; Socket Mode needs it.",
    )
    slack_signing_secret: str = Field(
        "",
        validation_alias=AliasChoices("slack_signing_secret", "SLACK_SIGNING_SECRET"),
        description="Signing secret of the Slack app; HTTP mode needs it.",
    )
    slack_refresh_token: str = Field(
        "",
        validation_alias=AliasChoices("slack_refresh_token", "SLACK_REFRESH_TOKEN"),
        description="Refresh token (xoxe-...), where token rotation is on in the app's settings.",
    )
    slack_client_id: str = Field(
        "",
        validation_alias=AliasChoices("slack_client_id", "SLACK_CLIENT_ID"),
        description="Client ID of the Slack app; token rotation needs it.",
    )
    slack_client_secret: str = Field(
        "",
        validation_alias=AliasChoices("slack_client_secret", "SLACK_CLIENT_SECRET"),
        description="Client secret of the Slack app; token rotation needs it.",
    )
    slack_config_token: str = Field(
        "",
        validation_alias=AliasChoices("slack_config_token", "SLACK_CONFIG_TOKEN"),
        description="App configuration token; `lorebot doctor` then compares the app's whole manifest.",
    )
    slack_api_url: str = Field(
        "https://slack.com/api/",
        validation_alias=AliasChoices("slack_api_url", "SLACK_API_URL"),
        description="Where Slack's Web API is: GovSlack, a proxy or the playground stand here.",
    )
    home: Path = Field(
        default_factory=lambda: user_data_path("lorebot"),
        description="State folder: the database and the trained adapters.",
    )
    reader: Literal["extractive", "generative"] = Field(
        "extractive",
        description="extractive cuts answers out of passages (BERT and its kin), generative writes them (T5, BART).",
    )
    base: str = Field(
        "all-MiniLM-L6-v2",
        min_length=1,
        description="Base model of the reader: its name in the catalogue, its hub id, or its folder.",
    )
    quantize: Literal["", "8bit", "4bit"] = Field(
        "", description="8bit or 4bit: hold a base too big for the machine in fewer bits (bitsandbytes)."
    )
    adapter: Path | None = Field(
        None, description="Folder of the seed adapter to start from, instead of the shipped one."
    )
    min_confidence: float | None = Field(
        None,
        ge=0,
        le=1,
        description="Answer only when the probability of being right is at least this; empty: the adapter's own.",
    )
    passages: int = Field(10, ge=1, le=50, description="Passages read for a question, at most.")
    together: bool | None = Field(
        None,
        description="Generative reader: true reads passages together, false one by one; empty: as the adapter was made.",
    )
    beams: int | None = Field(
        None,
        ge=1,
        le=16,
        description="Generative reader: width of its beam search, 1 is greedy; empty: as the adapter was made.",
    )
    answer_tokens: int | None = Field(
        None,
        ge=1,
        le=512,
        description="Generative reader: tokens of an answer, at most; empty: as the adapter was made.",
    )
    input_tokens: int | None = Field(
        None,
        ge=256,
        description="Generative reader: tokens of question and passages in one input; empty: as the adapter was made.",
    )
    golden: Path | None = Field(
        None,
        description="Labelled questions that every retraining rehearses and is judged on, instead of the shipped ones.",
    )
    threads: int = Field(2, ge=1, description="CPU threads for the model.")
    queue_size: int = Field(
        200, ge=1, description="Questions that may wait; one more is told to try again later."
    )
    admins: Annotated[list[str], NoDecode] = Field(
        default_factory=list,
        description="User ids who may retrain and roll back, beside the workspace's admins, and who are told what the bot did by"
        " itself; separated by commas.",
    )
    allow_bots: Annotated[list[str], NoDecode] = Field(
        default_factory=list, description="Bot ids whose messages are answered too; separated by commas."
    )
    link_base: str = Field(
        "", description="URL under which the learned files can be opened; links in answers are made from it."
    )
    max_file_mb: float = Field(20, gt=0, description="Files larger than this are not learned.")
    history_days: int = Field(
        90,
        ge=1,
        description="Days of a channel's past that are read where its people let its history be learned.",
    )
    training: Annotated[dict[str, float], NoDecode] = Field(
        default_factory=dict,
        description='Training settings as JSON, such as {"epochs": 2, "down_weight": 0.2}; empty: the measured ones.',
    )
    trust_after_days: float = Field(
        3,
        ge=0,
        description="A new account's feedback waits for a reviewer that many days; 0: it counts at once.",
    )
    person_share: float = Field(
        0.05,
        gt=0,
        le=1,
        description="Share of what is learned that one person's feedback may have; small teams are given more.",
    )
    retrain_cron: str = Field(
        "0 3 * * *", description="When to retrain (cron expression, local time); empty: never by itself."
    )
    retrain_min_feedback: int = Field(
        50, ge=1, description="A scheduled retraining needs at least this much new feedback."
    )
    quiet_hours: str = Field(
        "", description="Local times such as 08:00-19:00 in which no scheduled retraining runs; empty: none."
    )
    train_command: str = Field(
        "",
        description="Command that trains elsewhere: {build} is the folder to read, {out} the adapter folder to make.",
    )
    canary: float = Field(
        0,
        ge=0,
        le=0.5,
        description="Share of the threads that an adapter on live trial answers; 0: no trials.",
    )
    canary_days: float = Field(
        14,
        gt=0,
        description="A live trial in which votes prove nothing within this many days ends undecided.",
    )
    taught_ttl: Annotated[float | None, BeforeValidator(_days)] = Field(
        None,
        gt=0,
        description="Taught answers are forgotten after that many days (90d) unless somebody says they still hold; empty: never.",
    )
    retention_days: float = Field(
        0,
        ge=0,
        description="What was asked, answered, said of answers and learned of messages is kept that many days; 0: for good.",
    )
    http_host: str = Field(
        "127.0.0.1",
        description="Address that HTTP mode and the metrics listen on; 0.0.0.0 in a container.",
    )
    metrics_port: int = Field(
        0,
        ge=0,
        le=65535,
        description="Port for /metrics and /healthz; 0: none in Socket Mode, Slack's own port in HTTP mode.",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="How much is logged: DEBUG, INFO, WARNING or ERROR."
    )
    log_format: Literal["text", "json"] = Field(
        "text", description="text: a line for people; json: an object a line, for machines."
    )
    log_text: bool = Field(
        False,
        description="true: logs may hold what people wrote, and all that libraries say; only to find a fault.",
    )

    @field_validator("training", mode="before")
    @classmethod
    def _json(cls, value: object) -> object:
        try:
            return json.loads(value.strip() or "{}") if isinstance(value, str) else value
        except ValueError:
            raise ValueError('expected JSON such as {"epochs": 2}') from None

    @field_validator("log_level", mode="before")
    @classmethod
    def _upper(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value

    @field_validator("admins", "allow_bots", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return _names(value)

    @field_validator(
        "adapter",
        "min_confidence",
        "together",
        "beams",
        "answer_tokens",
        "input_tokens",
        "golden",
        mode="before",
    )
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return None if value == "" else value

    @field_validator("quiet_hours")
    @classmethod
    def _times(cls, value: str) -> str:
        quiet_hours(value)
        return value

    @field_validator("train_command")
    @classmethod
    def _with_folders(cls, value: str) -> str:
        if value.strip() and not all(place in value for place in ("{build}", "{out}")):
            raise ValueError(
                "expected {build} and {out} in it, as in python -m training finetune {build} {out}"
            )
        shlex.split(value)
        return value

    @property
    def writing(self) -> dict[str, bool | int]:
        """What is set of how a generative reader writes, by the names of `bot.reading.generative.Writing`."""
        named = {name: getattr(self, name) for name in ("together", "beams", "answer_tokens", "input_tokens")}
        return {name: value for name, value in named.items() if value is not None}

    @property
    def database(self) -> Path:
        return self.home / "lorebot.db"

    @property
    def adapters_folder(self) -> Path:
        """Where trained versions are kept; shipped ones stay in the package."""
        return self.home / "adapters"


def load_settings(**overrides: object) -> Settings:
    """The settings of this environment, with what a command line overrides.

    Raises SettingsError: the first setting with a value that can't be used, and what was expected.
    """
    try:
        return Settings(**overrides)  # type: ignore[arg-type]  # pydantic checks them
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else "settings"
        why = first["msg"].removeprefix("Value error, ")
        shown = name.upper() if name.lower().startswith("slack_") else f"LOREBOT_{name.upper()}"
        raise SettingsError(
            f"{shown} is {first.get('input')!r}: {why[0].lower()}{why[1:]}; set it in the environment or .env"
        ) from None
