"""A project's settings: a flag beats PDISTILL_* in the environment, which beats pdistill.toml, which beats the default.

It knows the file and the environment, and no plugin: what stands under [teacher.NAME] is handed to NAME as it is.
"""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from pdistill.errors import UsageError

FILE_NAME = "pdistill.toml"

NOT_SETTINGS = {"PDISTILL_PROJECT", "PDISTILL_PLUGINS", "PDISTILL_DEBUG"}
"""Variables with our prefix that steer the program and are no project settings."""


class Choice(BaseModel):
    """Which plugin of a kind is used, and the options of any of them in tables below: [teacher.caption]."""

    model_config = ConfigDict(extra="allow")
    name: str

    @model_validator(mode="after")
    def _extras_are_tables(self) -> Choice:
        for key, value in (self.model_extra or {}).items():
            if not isinstance(value, dict):
                raise ValueError(f"'{key}' is no setting here: 'name' or a table of one plugin's options is expected")
        return self

    def options(self, name: str | None = None) -> dict[str, Any]:
        """The options that the file gives to one plugin (the chosen one by default)."""
        return dict((self.model_extra or {}).get(name or self.name, {}))


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Split(_Section):
    """Which share of products and of personas is kept out of training, decided once by hash."""

    test_items: float = Field(0.3, ge=0, lt=1)
    test_personas: float = Field(0.2, ge=0, lt=1)
    seed: int = 0


class Tournament(_Section):
    """How much is asked."""

    items_per_question: int = Field(8, ge=2)
    rankings_per_persona: int = Field(4, ge=1)
    eval_personas: int = Field(100, ge=1)
    eval_items: int = Field(4096, ge=2)


class Images(_Section):
    """Bounds on pictures, and the size at which they are stored for the models."""

    max_side: int = Field(512, ge=32)
    max_pixels: int = Field(64_000_000, ge=1)
    max_bytes: int = Field(64 * 2**20, ge=1)


class Settings(BaseSettings):
    """All settings of one project."""

    model_config = SettingsConfigDict(
        env_prefix="PDISTILL_",
        env_nested_delimiter="__",
        extra="forbid",
        toml_file=None,
        nested_model_default_partial_update=True,
    )

    seed: int = Field(0, ge=0, lt=2**63)
    teacher: Choice = Choice(name="qwen2-vl")
    student: Choice = Choice(name="openclip")
    loss: Choice = Choice(name="bradley-terry")
    sampler: Choice = Choice(name="diverse")
    strategy: Choice = Choice(name="successive-halving")
    recipe: Choice = Choice(name="two-stage")
    split: Split = Split()
    tournament: Tournament = Tournament()
    images: Images = Images()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)


def load(file: Path, flags: Mapping[str, Any] | None = None) -> Settings:
    """Read the settings of the project whose file this is.

    Args:
        file: the project's pdistill.toml.
        flags: nested values that beat all others, e.g. {"teacher": {"name": "caption"}}.

    Raises: UsageError that lists every fault at once, with its place.
    """
    _check_environment()
    try:
        tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{file} is not valid TOML: {error}.", "Mend that line.") from error
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}.", "Change its rights.") from error

    class Here(Settings):
        model_config = SettingsConfigDict(**{**Settings.model_config, "toml_file": file})

    try:
        return Here(**dict(flags or {}))
    except SettingsError as error:  # a section given as one word, where pydantic-settings expects JSON
        section = str(error).partition('"')[2].partition('"')[0].upper()
        raise UsageError(
            f"The environment variable PDISTILL_{section} is a section, not one value.",
            f"Name the value: PDISTILL_{section}__NAME=...",
        ) from error
    except ValidationError as error:
        faults = "; ".join(_fault(each["loc"], each["msg"], each["input"]) for each in error.errors())
        raise UsageError(f"The settings are wrong: {faults}.", f"Mend {file} or the PDISTILL_* variable.") from error


def _fault(location: tuple[int | str, ...], message: str, given: Any) -> str:
    place = ".".join(str(part) for part in location)
    if message == "Extra inputs are not permitted":
        return f"'{place}' is no setting{_meant(location)}"
    if message.startswith("Value error, "):
        return f"{place}: {message.removeprefix('Value error, ')}"
    return f"{place} = {given!r}: {message.partition(', unable to parse')[0].replace('Input', 'it')}"


def _meant(location: tuple[int | str, ...]) -> str:
    section: Any = Settings
    for part in location[:-1]:
        section = section.model_fields[str(part)].annotation
    near = difflib.get_close_matches(str(location[-1]), list(section.model_fields), n=1)
    return f" (did you mean '{near[0]}'?)" if near else ""


def _check_environment() -> None:
    """Refuse PDISTILL_* variables that mean nothing: pydantic-settings ignores them silently."""
    known = {f"PDISTILL_{name.upper()}" for name in Settings.model_fields}
    unknown = [
        variable
        for variable in sorted(os.environ)
        if variable.startswith("PDISTILL_") and variable not in NOT_SETTINGS and variable.split("__")[0] not in known
    ]
    if not unknown:
        return
    faults = []
    for variable in unknown:
        near = difflib.get_close_matches(variable.split("__")[0], sorted(known | NOT_SETTINGS), n=1)
        faults.append(f"{variable}" + (f" (did you mean {near[0]}?)" if near else ""))
    raise UsageError(
        f"No setting of pdistill: the environment variable {', '.join(faults)}.",
        f"Known: {', '.join(sorted(known | NOT_SETTINGS))}.",
    )


def template(teacher: str, student: str) -> str:
    """The commented pdistill.toml of a new project."""
    return f"""\
# A pdistill project. Every value here can be overridden by the environment: PDISTILL_SEED=1,
# PDISTILL_TEACHER__NAME=caption, PDISTILL_TOURNAMENT__ITEMS_PER_QUESTION=5. `pdistill plugins` lists all names.

seed = 0                      # all chance: sampling, tournaments, training

[teacher]                     # who ranks the pictures; options of one teacher go into [teacher.NAME]
name = "{teacher}"

[student]                     # the dual encoder that learns; options go into [student.NAME]
name = "{student}"

[loss]                        # how a ranking becomes a number to lower
name = "bradley-terry"

[sampler]                     # which items the teacher is asked about: diverse | random | paper-bins
name = "diverse"

[strategy]                    # how the standings of the evaluation are found: successive-halving | knockout
name = "successive-halving"

[recipe]                      # how the student learns: two-stage (frozen tower + one layer) | gradient
name = "two-stage"

[split]                       # decided once, when things are added; changing it later changes nothing stored
test_items = 0.3              # share of the products (all pictures of one product together)
test_personas = 0.2           # share of the personas
seed = 0

[tournament]
items_per_question = 8        # pictures shown in one call for training
rankings_per_persona = 4      # calls per training persona and cycle
eval_personas = 100           # personas per split whose standings the evaluation uses, at most
eval_items = 4096             # items per split in the evaluation, at most

[images]
max_side = 512                # stored size in pixels, longest side
max_pixels = 64000000         # larger pictures are refused
max_bytes = 67108864
"""
