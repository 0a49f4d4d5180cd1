"""The program killed in the middle, again and again, ends where it would have ended, and asks next to nothing twice."""

from __future__ import annotations

import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pdistill.store.project import Project
from tests.conftest import SETTINGS, Program

AT_ONCE = 4
"""Questions that the teacher reads ahead: what a kill can cost."""

SMALL = """
eval_personas = 4

[teacher.scripted]
log = "{log}"
seconds = 0.003
noise = 0.2
fails = 0.1
at_once = {at_once}
"""


@dataclass
class Run:
    """A project whose teacher takes 3 ms for an answer and logs what it is asked, and the program on it."""

    root: Path
    log: Path
    program: Program

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.program.command("-P", self.root, *arguments),
            env=self.program.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def stop_after(self, process: subprocess.Popen[str], questions: int, how: signal.Signals) -> bool:
        """Send a signal once so many more questions were asked; False if the program was done before."""
        wanted = len(self.asked()) + questions
        while len(self.asked()) < wanted:
            if process.poll() is not None:
                return False
            time.sleep(0.001)
        process.send_signal(how)
        process.wait()
        return True

    def finish(self, *arguments: str) -> str:
        """Run to the end; what it printed."""
        process = self.start(*arguments)
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0 or (process.returncode == 5 and "cannot say" in err), err
        return out

    def asked(self) -> list[str]:
        return self.log.read_text(encoding="utf-8").splitlines() if self.log.exists() else []

    def answers(self) -> list[dict[str, Any]]:
        columns = ["key", "purpose", "persona_id", "items", "ranking", "error", "student"]
        return Project(self.root).ledger.rows(columns, {}).to_pylist()

    def standings(self) -> list[tuple[Any, ...]]:
        columns = ["split", "persona_id", "key", "levels", "failed"]
        return sorted(tuple(row.values()) for row in Project(self.root).standings.read(columns).to_pylist())

    def versions(self) -> list[tuple[Any, ...]]:
        return [(each.id, each.made_from, each.weights_sha256) for each in Project(self.root).versions("tiny")]

    def spools(self) -> list[Path]:
        return list((self.root / "spool").iterdir())


def make(filled: Path, folder: Path, program: Program) -> Run:
    root = Path(shutil.copytree(filled, folder / "project"))
    settings = SETTINGS + SMALL.format(log=folder / "asked.log", at_once=AT_ONCE)
    (root / "pdistill.toml").write_text(settings, encoding="utf-8")
    return Run(root, folder / "asked.log", program)


@pytest.fixture(scope="module")
def peace(filled: Path, program: Program, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A tournament that nobody interrupted."""
    run = make(filled, tmp_path_factory.mktemp("peace"), program)
    run.finish("tournament")
    return run


@pytest.fixture
def trouble(filled: Path, program: Program, tmp_path: Path) -> Run:
    """The same project, to be interrupted."""
    return make(filled, tmp_path, program)


def check_same_end(peace: Run, trouble: Run, kills: int) -> None:
    assert trouble.answers() == peace.answers()
    assert trouble.standings() == peace.standings()
    assert set(trouble.asked()) == set(peace.asked()) == {answer["key"] for answer in peace.answers()}
    assert len(peace.asked()) == len(set(peace.asked()))
    assert len(trouble.asked()) <= len(peace.asked()) + kills * AT_ONCE
    assert trouble.spools() == peace.spools() == []


@pytest.mark.parametrize("seed", [1, 2])
def test_a_tournament_killed_again_and_again_ends_like_one_left_in_peace(peace: Run, trouble: Run, seed: int) -> None:
    rng = np.random.default_rng(seed)
    kills = 0
    for part in (0.1, 0.5, 0.25):
        process = trouble.start("tournament")
        questions = int(rng.integers(1, part * len(peace.asked())))
        assert trouble.stop_after(process, questions, signal.SIGKILL)
        assert process.returncode == -signal.SIGKILL
        kills += 1
    trouble.finish("tournament")
    check_same_end(peace, trouble, kills)


def test_training_in_cycles_killed_in_the_middle_ends_like_one_left_in_peace(
    filled: Path, trouble: Run, program: Program, tmp_path_factory: pytest.TempPathFactory
) -> None:
    peace = make(filled, tmp_path_factory.mktemp("peace"), program)
    peace.finish("train", "--cycles", "2")
    # The first cycle asks 34 questions and more; this is in the second.
    process = trouble.start("train", "--cycles", "2")
    assert trouble.stop_after(process, 50, signal.SIGKILL)
    trouble.finish("train", "--cycles", "2")
    check_same_end(peace, trouble, 1)
    assert trouble.versions() == peace.versions()
    assert len(peace.versions()) == 3


def test_ctrl_c_ends_with_130_and_the_state_saved(peace: Run, trouble: Run) -> None:
    process = trouble.start("tournament")
    assert trouble.stop_after(process, 60, signal.SIGINT)
    assert process.stderr is not None
    said = process.stderr.read()
    assert process.returncode == 130, said
    assert "Interrupted. What was done is kept" in said
    assert "Traceback" not in said
    assert trouble.spools() == []
    saved = len(trouble.answers())
    assert len(trouble.asked()) - AT_ONCE <= saved < len(peace.asked())
    trouble.finish("tournament")
    check_same_end(peace, trouble, 1)
