"""The envelope of --json: the same keys for everything that can happen, alone on stdout."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]

KEYS = ["schema_version", "command", "status", "exit_code", "result", "warnings", "errors"]


def checked(ran: Any, command: str, status: str, code: int) -> dict[str, Any]:
    """The envelope, once its frame is what it has to be."""
    envelope = ran.json
    assert list(envelope) == KEYS
    assert (envelope["schema_version"], envelope["command"], envelope["status"]) == (1, command, status)
    assert envelope["exit_code"] == ran.code == code
    assert isinstance(envelope["warnings"], list)
    assert isinstance(envelope["errors"], list)
    assert all(isinstance(each, str) for each in envelope["warnings"])
    assert all(isinstance(each["message"], str) for each in envelope["errors"])
    return dict(envelope)


@pytest.mark.parametrize(
    "command", ["init", "catalog add", "personas generate", "tournament", "train", "index", "search", "eval"]
)
def test_every_stage_says_one_envelope_and_no_progress(finished: Any, command: str) -> None:
    envelope = checked(finished.said[command], command, "ok", 0)
    assert envelope["errors"] == []
    assert isinstance(envelope["result"], dict)
    assert "\x1b" not in finished.said[command].err


def test_results_have_the_fields_that_scripts_rely_on(finished: Any) -> None:
    said = {name: ran.json["result"] for name, ran in finished.said.items()}
    assert said["init"] == {
        "project": str(finished.folder),
        "teacher": "caption",
        "student": "efficientnet-minilm",
    }
    assert (said["catalog add"]["added"], said["catalog add"]["failed"], said["catalog add"]["items"]) == (12, 0, 12)
    assert (said["personas generate"]["added"], said["personas generate"]["personas"]) == (30, 30)
    asked = said["tournament"]
    assert {"calls", "images", "cached", "failed", "tokens"} <= set(asked)
    assert asked["calls"] == asked["train"]["calls"] + asked["eval"]["calls"] > 0
    assert (said["train"]["student"], said["train"]["new"]) == ("efficientnet-minilm-v1", True)
    assert (said["index"]["student"], said["index"]["items"]) == ("efficientnet-minilm-v1", 12)


def test_hits_are_ranked(finished: Any) -> None:
    hits = finished.said["search"].json["result"]["hits"]
    assert [list(hit) for hit in hits] == [["rank", "id", "score", "title", "image"]] * 3
    assert [hit["rank"] for hit in hits] == [1, 2, 3]
    scores = [hit["score"] for hit in hits]
    assert scores == sorted(scores, reverse=True)
    assert all(-1 <= score <= 1 for score in scores)
    assert all(Path(hit["image"]).is_file() for hit in hits)


def test_an_evaluation_has_systems_and_comparisons(finished: Any) -> None:
    result = finished.said["eval"].json["result"]
    cells = {(system["student"], system["split"]) for system in result["systems"]}
    splits = {"in-domain", "new-personas", "new-items", "new-both"}
    assert cells == {(f"efficientnet-minilm-v{number}", split) for number in (0, 1) for split in splits}
    names = {"mean_percentile_rank", "median_percentile_rank", "top10_mean_percentile", "recall@10", "mrr"}
    for system in result["systems"]:
        assert names <= set(system["metrics"])
        for metric in system["metrics"].values():
            assert list(metric) == ["value", "low", "high"]
            assert metric["low"] <= metric["value"] <= metric["high"]
    for compared in result["comparisons"]:
        assert list(compared) == ["a", "b", "split", "metric", "difference", "low", "high", "p_value"]
        assert (compared["a"], compared["b"]) == ("efficientnet-minilm-v1", "efficientnet-minilm-v0")
        assert 0 < compared["p_value"] <= 1
    assert {(each["split"], each["metric"]) for each in result["comparisons"]} >= {
        (split, name) for split in splits for name in names
    }


@pytest.mark.parametrize("command", ["catalog list", "personas list", "plugins", "doctor", "catalog show item-3"])
def test_so_do_the_commands_that_look(finished: Any, pdistill: Run, command: str) -> None:
    ran = pdistill("--json", "-P", finished.folder, *command.split())
    envelope = checked(ran, command.removesuffix(" item-3"), "ok", 0)
    assert envelope["result"]


def test_listings_are_whole_data(finished: Any, pdistill: Run) -> None:
    listed = pdistill("-P", finished.folder, "catalog", "list", "-n", 2, "--json").json["result"]
    assert listed["items"] == 12
    assert [row["id"] for row in listed["first"]] == ["item-0", "item-1"]
    people = pdistill("-P", finished.folder, "personas", "list", "-n", 4, "--json").json["result"]
    assert (people["personas"], len(people["first"])) == (30, 4)
    assert set(people["first"][0]) == {"id", "split", "text"}
    shown = pdistill("-P", finished.folder, "catalog", "show", "item-3", "--json").json["result"]
    assert (shown["id"], shown["title"]) == ("item-3", "Sun hat")


@pytest.mark.parametrize("position", [0, 1, 2])
def test_an_error_is_an_envelope_wherever_the_option_stands(
    pdistill: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, position: int
) -> None:
    monkeypatch.chdir(tmp_path)
    arguments = ["catalog", "list"]
    ran = pdistill(*arguments[:position], "--json", *arguments[position:])
    envelope = checked(ran, "catalog list", "error", 2)
    assert envelope["result"] is None
    assert envelope["errors"] == [
        {
            "message": f"There is no pdistill project in {tmp_path} or above it.",
            "hint": "Make one: pdistill init DIR; or name one: pdistill -P DIR ...",
        }
    ]
    assert ran.err == ""


@pytest.mark.parametrize(
    ("arguments", "command", "words"),
    [
        (["trian"], "", "Did you mean 'train'?"),
        (["search"], "search", "QUERY"),
        (["search", "x", "--tpo", "3"], "search", "--top"),
        (["search", "x", "--top", "many"], "search", "'many' should be a valid integer."),
        (["catalog", "ad"], "catalog", "Did you mean 'add'?"),
        ([], "", "command"),
        (["catalog"], "catalog", "command"),
    ],
)
def test_a_usage_error_is_an_envelope_too(pdistill: Run, arguments: list[str], command: str, words: str) -> None:
    ran = pdistill("--json", *arguments)
    envelope = checked(ran, command, "error", 2)
    assert words in envelope["errors"][0]["message"]
    assert "--help" in envelope["errors"][0]["hint"]
    assert ran.err == ""


def test_partial_failures_are_listed_whole(pdistill: Run, empty_project: Path, goods: Path, tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    rows = "".join(f"gone-{number},no-such-{number}.png\n" for number in range(30))
    table.write_text(f"id,image\n{rows}good,{goods.parent / '0.png'}\n", encoding="utf-8")
    envelope = checked(pdistill("-P", empty_project, "catalog", "add", table, "--json"), "catalog add", "partial", 5)
    assert (envelope["result"]["added"], envelope["result"]["failed"]) == (1, 30)
    assert [each["id"] for each in envelope["errors"]] == [f"gone-{number}" for number in range(30)]
    assert all("no-such-" in each["message"] for each in envelope["errors"])


def test_the_version_is_an_envelope(pdistill: Run) -> None:
    from pdistill import __version__

    for arguments in (["--json", "--version"], ["--version", "--json"]):
        assert checked(pdistill(*arguments), "", "ok", 0)["result"] == {"version": __version__}


def test_after_two_dashes_everything_is_data(pdistill: Run, empty_project: Path) -> None:
    ran = pdistill("-P", empty_project, "search", "--", "--json")
    assert (ran.code, ran.out) == (4, "")
    assert ran.err.startswith("Error: ")


def test_a_bug_is_an_envelope_with_its_traceback_aside(
    pdistill: Run, empty_project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pdistill import catalog

    def broken(*given: object) -> None:
        raise KeyError("a bug")

    monkeypatch.setattr(catalog, "overview", broken)
    ran = pdistill("-P", empty_project, "catalog", "list", "--json")
    envelope = checked(ran, "catalog list", "error", 1)
    assert "This is a bug" in envelope["errors"][0]["message"]
    assert "Traceback" in ran.err


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "latin-1"])
def test_whatever_the_terminal_speaks_it_is_json(empty_project: Path, tmp_path: Path, encoding: str) -> None:
    from os import environ

    name = str(tmp_path / "ü-🏔️-\udcff")
    done = subprocess.run(
        [sys.executable, "-m", "pdistill", "init", name, "--json"],
        env={**environ, "PYTHONIOENCODING": f"{encoding}:strict"},
        capture_output=True,
        check=True,
    )
    assert json.loads(done.stdout.decode(encoding))["result"]["project"] == name
    assert done.stderr == b""
