"""The demo as a newcomer runs it: its promises, measured; and run once more, which changes nothing."""

import csv
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

STAGES = ["catalog", "personas", "tournament", "train", "index", "eval"]
GARDEN = ("plant", "garden", "flower", "seed", "herb", "bouquet", "leaf", "leaves", "tree", "blossom", "bulb", "pot ")


def demo(folder: Path) -> dict[str, Any]:
    """Run `pdistill demo --json` in its own process; the envelope it prints."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PDISTILL_")}
    done = subprocess.run(
        [sys.executable, "-m", "pdistill", "demo", "--dir", str(folder), "--json"],
        capture_output=True,
        text=True,
        env={**environment, "HF_HUB_OFFLINE": "1"},
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo") / "shop"


@pytest.fixture(scope="module")
def first(folder: Path) -> dict[str, Any]:
    """The envelope of the first run."""
    return demo(folder)


def mean_rank(result: dict[str, Any], student: str, split: str) -> dict[str, float]:
    (found,) = (each for each in result["systems"] if (each["student"], each["split"]) == (student, split))
    return found["metrics"]["mean_percentile_rank"]


def themes(folder: Path) -> dict[str, str]:
    """Id -> category and title in the example catalog, in small letters."""
    with (folder / "shop" / "catalog.csv").open(encoding="utf-8", newline="") as file:
        return {row["id"]: f"{row['category']} {row['title']}".casefold() for row in csv.DictReader(file)}


def test_it_tells_what_it_did_and_how_long_each_step_took(first: dict[str, Any]) -> None:
    assert (first["command"], first["status"], first["exit_code"]) == ("demo", "ok", 0)
    assert first["warnings"] == [] and first["errors"] == []
    result = first["result"]
    assert len(result["steps"]) >= 7
    assert all(step["title"] and step["seconds"] >= 0 for step in result["steps"])
    # Every step but the drawing is one of the commands.
    assert [step["command"].split()[0] for step in result["steps"] if step["command"]] == STAGES
    assert sum(step["seconds"] for step in result["steps"]) <= result["seconds"] + 1


def test_the_distilled_student_ranks_well_for_new_personas(first: dict[str, Any]) -> None:
    result = first["result"]
    before, after = (mean_rank(result, result[which], "new-personas") for which in ("before", "after"))
    assert after["value"] >= 90
    assert after["low"] > before["high"]
    (compared,) = (
        row
        for row in result["comparisons"]
        if (row["split"], row["metric"]) == ("new-personas", "mean_percentile_rank")
    )
    assert compared["low"] > 0


def test_a_gift_for_gardener_mom_is_plants_and_garden_things(first: dict[str, Any], folder: Path) -> None:
    (search,) = (each for each in first["result"]["searches"] if each["query"] == "gift for gardener mom")
    named = themes(folder)
    top = [named[hit["id"]] for hit in search["after"][:5]]
    assert sum(any(word in each for word in GARDEN) for each in top) >= 4, top
    assert search["after"] != search["before"]


def test_the_page_needs_nothing_but_itself(first: dict[str, Any]) -> None:
    page = Path(first["result"]["page"]).read_text(encoding="utf-8")
    for search in first["result"]["searches"]:
        assert search["query"] in page
    assert "OpenMoji" in page and "CC BY-SA 4.0" in page
    pictures = re.findall(r'<img[^>]*\bsrc="([^"]*)"', page)
    assert len(pictures) >= 30 and all(each.startswith("data:image/") for each in pictures)
    assert not re.search(r"<(script|link|iframe)\b[^>]*\b(src|href)=", page)
    assert "url(http" not in page and "@import" not in page


def test_a_second_run_is_quick_and_changes_nothing(first: dict[str, Any], folder: Path) -> None:
    def state() -> dict[str, bytes]:
        weights = sorted((folder / "weights").iterdir())
        return {str(path): path.read_bytes() for path in (*weights, folder / "before-after.html")}

    before = state()
    result = demo(folder)["result"]
    for name in ("before", "after", "systems", "comparisons", "searches"):
        assert result[name] == first["result"][name]
    assert state() == before
    assert result["seconds"] < first["result"]["seconds"] / 2
