"""Who beats whom among flag, environment, file and default, and what is said of settings that are none."""

import os
import tomllib
from pathlib import Path

import pytest
from pydantic import BaseModel

from pdistill import settings
from pdistill.errors import UsageError
from pdistill.settings import Settings, load, template


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / settings.FILE_NAME


def written(file: Path, text: str) -> Path:
    file.write_text(text, encoding="utf-8")
    return file


def refused(file: Path, text: str) -> UsageError:
    with pytest.raises(UsageError) as caught:
        load(written(file, text))
    return caught.value


def test_a_flag_beats_the_environment_which_beats_the_file_which_beats_the_default(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(file, '[teacher]\nname = "of-file"\n[student]\nname = "of-file"\n[loss]\nname = "of-file"\n')
    monkeypatch.setenv("PDISTILL_TEACHER__NAME", "of-environment")
    monkeypatch.setenv("PDISTILL_STUDENT__NAME", "of-environment")
    found = load(file, {"teacher": {"name": "of-flag"}})
    names = [found.teacher.name, found.student.name, found.loss.name, found.recipe.name]
    assert names == ["of-flag", "of-environment", "of-file", "two-stage"]


def test_overriding_one_value_of_a_section_leaves_the_others_as_the_file_has_them(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(file, "[tournament]\nitems_per_question = 5\nrankings_per_persona = 3\n")
    monkeypatch.setenv("PDISTILL_TOURNAMENT__ITEMS_PER_QUESTION", "6")
    found = load(file, {"tournament": {"eval_personas": 7}}).tournament
    # 4096 is the default that nobody has touched.
    assert (found.items_per_question, found.rankings_per_persona, found.eval_personas, found.eval_items) == (
        6,
        3,
        7,
        4096,
    )


def test_an_empty_file_means_the_defaults(file: Path) -> None:
    assert load(written(file, "")).model_dump() == Settings().model_dump()


def test_the_options_of_plugins_stand_in_tables_of_their_own_and_survive_another_choice(file: Path) -> None:
    written(file, '[loss]\nname = "bradley-terry"\n[loss.bradley-terry]\ntemperature = 0.2\n[loss.list-mle]\nx = 1\n')
    assert load(file).loss.options() == {"temperature": 0.2}
    other = load(file, {"loss": {"name": "list-mle"}}).loss
    assert other.options() == {"x": 1}
    assert other.options("bradley-terry") == {"temperature": 0.2}
    assert other.options("never-heard-of") == {}


def test_an_option_of_a_plugin_can_come_from_the_environment(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PDISTILL_TEACHER__CAPTION__MODEL", "other")
    assert load(written(file, '[teacher]\nname = "caption"\n')).teacher.options() == {"model": "other"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("sead = 1", "'sead' is no setting (did you mean 'seed'?)"),
        (
            "[tournament]\nitem_per_question = 4",
            "'tournament.item_per_question' is no setting (did you mean 'items_per",
        ),
        ("[zebra]\nx = 1", "'zebra' is no setting."),
        (
            "[teacher]\nnmae = 'caption'",
            "teacher: 'nmae' is no setting here: 'name' or a table of one plugin's options",
        ),
        ("[split]\ntest_items = 1.0", "split.test_items = 1.0: it should be less than 1"),
        ("[split]\ntest_items = nan", "split.test_items = nan: it should be"),
        (
            "[tournament]\nitems_per_question = 1",
            "tournament.items_per_question = 1: it should be greater than or equal",
        ),
        ("seed = 'x'", "seed = 'x': it should be a valid integer."),
        ("seed = -1", "seed = -1: it should be greater than or equal to 0"),
        ("seed = 9223372036854775808", "seed = 9223372036854775808: it should be less than"),
        ("teacher = 'caption'", "teacher = 'caption': it should be"),
        ("[teacher]\nname = 3", "teacher.name = 3: it should be a valid string"),
    ],
)
def test_a_wrong_file_is_refused_with_the_place_the_value_and_the_file(file: Path, text: str, words: str) -> None:
    error = refused(file, text)
    assert words in error.message
    assert str(file) in error.hint
    assert "\n" not in str(error)


def test_several_faults_are_told_at_once(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PDISTILL_IMAGES__MAX_SIDE", "huge")
    message = refused(file, "sead = 1\n[split]\ntest_items = 2\nseeds = 0\n").message
    for place in ("'sead'", "split.test_items = 2", "'split.seeds'", "images.max_side = 'huge'"):
        assert place in message


@pytest.mark.parametrize(
    ("text", "place"), [("seed = \n", "line 1"), ("seed = 1\nseed = 2\n", "line 2"), ("[teacher\n", "line 1")]
)
def test_broken_toml_is_refused_with_the_line(file: Path, text: str, place: str) -> None:
    error = refused(file, text)
    assert f"{file} is not valid TOML" in error.message
    assert place in error.message


def test_bytes_that_are_no_text_are_refused(file: Path) -> None:
    file.write_bytes(b"seed = 1 # \xff\n")
    with pytest.raises(UsageError, match="is not valid TOML"):
        load(file)


def test_unknown_variables_are_refused_all_at_once_with_what_was_meant(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PDISTILL_TEECHER__NAME", "caption")
    monkeypatch.setenv("PDISTILL_PROJCT", "x")
    monkeypatch.setenv("PDISTILL_ZZZZ", "x")
    error = refused(file, "")
    assert "PDISTILL_TEECHER__NAME (did you mean PDISTILL_TEACHER?)" in error.message
    assert "PDISTILL_PROJCT (did you mean PDISTILL_PROJECT?)" in error.message
    assert "PDISTILL_ZZZZ" in error.message
    assert "PDISTILL_SEED" in error.hint


@pytest.mark.parametrize("variable", sorted(settings.NOT_SETTINGS))
def test_variables_that_steer_the_program_are_no_faults(
    file: Path, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "x")
    assert load(written(file, "seed = 3")).seed == 3


def test_a_variable_of_an_unknown_value_in_a_known_section_is_refused(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PDISTILL_SPLIT__TEST_ITEM", "0.5")
    assert "'split.test_item' is no setting (did you mean 'test_items'?)" in refused(file, "").message


def test_a_section_given_as_one_word_is_refused_with_the_variable_that_was_meant(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PDISTILL_TEACHER", "caption")
    error = refused(file, "")
    assert "PDISTILL_TEACHER " in error.message
    assert "PDISTILL_TEACHER__NAME" in error.hint


def test_the_template_says_every_setting_with_its_default() -> None:
    written = tomllib.loads(template("qwen2-vl", "openclip"))
    assert Settings(**written).model_dump() == Settings().model_dump()

    def names(model: type[BaseModel]) -> dict[str, object]:
        fields = model.model_fields.items()
        return {
            name: names(field.annotation)
            if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)
            else None
            for name, field in fields
        }

    def keys(table: dict[str, object]) -> dict[str, object]:
        return {name: keys(value) if isinstance(value, dict) else None for name, value in table.items()}

    assert keys(written) == names(Settings)


def test_the_template_takes_the_names_given() -> None:
    parsed = tomllib.loads(template("caption", "efficientnet-minilm"))
    assert (parsed["teacher"]["name"], parsed["student"]["name"]) == ("caption", "efficientnet-minilm")


def test_variables_named_in_the_template_work(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Its first lines promise PDISTILL_SEED, PDISTILL_TEACHER__NAME and PDISTILL_TOURNAMENT__ITEMS_PER_QUESTION.
    head = template("a", "b").split("\n\n")[0].replace("\n# ", " ")
    promised = dict(
        word.rstrip(".,").split("=") for word in head.split() if word.startswith("PDISTILL_") and "=" in word
    )
    assert len(promised) == 3
    for name, value in promised.items():
        monkeypatch.setenv(name, value)
    found = load(written(file, template("a", "b")))
    assert [str(found.seed), found.teacher.name, str(found.tournament.items_per_question)] == list(promised.values())
    assert not any(name.startswith("PDISTILL_") and name not in promised for name in os.environ)
