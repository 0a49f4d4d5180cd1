"""What `pdistill --help` costs: no heavy library, no plugin, less than half of the time of importing torch."""

import json
import subprocess
import sys
import time

import pytest

HEAVY = ("torch", "lancedb", "pyarrow", "timm", "sentence_transformers", "transformers", "numpy", "PIL", "datasketch")

SHOW_MODULES = """\
import json, sys
from pdistill.cli.app import main

code = main(sys.argv[1:])
sys.stdout.flush()
print(json.dumps([code, sorted(sys.modules)]), file=sys.stderr)
"""


def loaded_by(*arguments: str) -> set[str]:
    """The modules in memory after `pdistill ARGUMENTS`, which has to succeed."""
    done = subprocess.run([sys.executable, "-c", SHOW_MODULES, *arguments], capture_output=True, text=True, check=True)
    code, modules = json.loads(done.stderr.splitlines()[-1])
    assert code == 0
    assert "Usage: pdistill" in done.stdout or "pdistill " in done.stdout
    return set(modules)


@pytest.mark.parametrize(
    "arguments", [("--help",), ("train", "--help"), ("catalog", "add", "--help"), ("--version",)], ids=" ".join
)
def test_asking_for_help_loads_nothing_heavy_and_no_plugin(arguments: tuple[str, ...]) -> None:
    modules = loaded_by(*arguments)
    assert "pdistill.registry" in modules  # the list is of the right process
    assert {module.split(".")[0] for module in modules} & set(HEAVY) == set()
    plugins = ("teachers", "students", "losses", "samplers", "strategies", "recipes", "generators", "embedded")
    assert {module for module in modules if module.startswith(tuple(f"pdistill.{each}" for each in plugins))} == set()
    stages = ("catalog", "personas", "tournament", "training", "indexing", "searching", "evaluating", "demo", "store")
    assert {module for module in modules if module.startswith(tuple(f"pdistill.{each}" for each in stages))} == set()


def _seconds(*arguments: str) -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def test_help_takes_less_than_half_of_the_time_of_importing_torch() -> None:
    # In turn, best of three each: what else the machine does meets both.
    pairs = [(_seconds("-m", "pdistill", "--help"), _seconds("-c", "import torch")) for _ in range(3)]
    own, torch = (min(times) for times in zip(*pairs, strict=True))
    assert own < torch / 2, f"pdistill --help takes {own:.2f} s, importing torch {torch:.2f} s"
