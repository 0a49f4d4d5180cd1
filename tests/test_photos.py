"""The main job on real photos, through the installed command line: what the project promises, measured.

Skipped where the photos are not beside the repository.
"""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pdistill.contracts import Question, Shown
from pdistill.teachers.caption import Caption

DATA = Path(__file__).parents[2] / "shared" / "data"
CATALOG = DATA / "photos" / "catalog.csv"
PEOPLE = DATA / "personas" / "personas.jsonl"
PERSONAS = 240
EVAL_PERSONAS = 50
"""Fewer than a project has by default, so that all of it takes little more than a minute."""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (CATALOG.exists() and PEOPLE.exists()), reason=f"no photos and personas in {DATA}"),
]


def pdistill(project: Path, *arguments: str) -> dict[str, Any]:
    """Run one command as a user would, in its own process; the envelope it prints."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PDISTILL_")}
    done = subprocess.run(
        [sys.executable, "-m", "pdistill", "-P", str(project), *arguments, "--json"],
        capture_output=True,
        text=True,
        env={**environment, "HF_HUB_OFFLINE": "1", "PDISTILL_TOURNAMENT__EVAL_PERSONAS": str(EVAL_PERSONAS)},
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, f"{' '.join(arguments)}\n{done.stdout}\n{done.stderr}"
    envelope = json.loads(done.stdout)
    assert envelope["status"] == "ok" and envelope["errors"] == []
    return envelope["result"]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All photos, some of the personas, through every stage but the last two."""
    folder = tmp_path_factory.mktemp("photos")
    people = folder / "people.jsonl"
    with PEOPLE.open(encoding="utf-8") as file:
        people.write_text("".join(line for line, _ in zip(file, range(PERSONAS), strict=False)), encoding="utf-8")
    project = folder / "p"
    pdistill(project, "init", str(project), "--embedded")
    added = pdistill(project, "catalog", "add", str(CATALOG))
    assert added["failed"] == 0 and added["items"] == added["added"] > 900
    assert pdistill(project, "personas", "import", str(people), "--text-field", "persona")["added"] > PERSONAS // 2
    asked = pdistill(project, "tournament")
    assert asked["calls"] > 0 and asked["failed"] == 0
    # The rankings of the first cycle are in the ledger already.
    trained = pdistill(project, "train", "--cycles", "5")
    assert len(trained["trained"]) == 5 and trained["teacher"]["cached"] > 0
    pdistill(project, "index")
    return project


def test_the_distilled_student_beats_zero_shot(project: Path) -> None:
    result = pdistill(project, "eval")
    compared = {
        (row["a"], row["split"]): row for row in result["comparisons"] if row["metric"] == "mean_percentile_rank"
    }
    new_personas = compared["efficientnet-minilm-v5", "new-personas"]
    new_both = compared["efficientnet-minilm-v5", "new-both"]
    assert new_personas["b"] == new_both["b"] == "efficientnet-minilm-v0"
    assert new_personas["difference"] >= 25 and new_personas["low"] > 0
    # Not worse on what is wholly new: neither by more than two points, nor surely.
    assert new_both["difference"] > -2 and new_both["high"] >= 0


def test_a_search_brings_what_the_teacher_would(project: Path) -> None:
    """Groceries, which are half of the photos; and of 127 titles some that the teacher has among its best ten."""
    query = "something sweet for breakfast"
    hits = pdistill(project, "search", query, "-t", "5")["hits"]
    assert [hit["rank"] for hit in hits] == [1, 2, 3, 4, 5]
    assert all(Path(hit["image"]).is_file() for hit in hits)
    with CATALOG.open(encoding="utf-8", newline="") as file:
        rows = {row["id"]: row for row in csv.DictReader(file)}
    assert all(rows[hit["id"]]["category"].startswith("grocery") for hit in hits)
    texts = {f"{row['title']}. {row['description']}": row["title"] for row in rows.values() if row["title"]}
    (answer,) = Caption().rank([Question("key", query, tuple(Shown(title, text) for text, title in texts.items()))])
    best = [title for level in answer.ranking or () for title in level][:10]
    assert {hit["title"] for hit in hits} & set(best)


def test_running_the_stages_again_asks_and_trains_nothing(project: Path) -> None:
    assert pdistill(project, "tournament", "--for", "eval")["calls"] == 0
    again = pdistill(project, "train", "--cycles", "5")
    assert again["trained"] == [] and again["teacher"]["calls"] == 0
    index = pdistill(project, "index")
    assert (index["added"], index["removed"]) == (0, 0)
