"""How long the main job takes, stage by stage, through the command line as a user types it.

    python benchmarks/main_job.py CATALOG PERSONAS [--personas 300] [--cycles 5]

Every stage is a process of its own, so each figure holds Python's start and the imports. In the same run: what
`pdistill --help` takes beside `python -c "import torch"`. Say with the figures what else the machine was doing.
"""

from __future__ import annotations

import argparse
import itertools
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PDISTILL = [sys.executable, "-m", "pdistill"]


def timed(command: list[str]) -> float:
    """Seconds of wall clock; the command's own output is shown only if it fails."""
    started = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "HF_HUB_OFFLINE": "1"})
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed with {done.returncode}:\n{done.stdout}{done.stderr}")
    return time.perf_counter() - started


def head(source: Path, lines: int, target: Path) -> Path:
    """The first lines of a jsonl file."""
    with source.open(encoding="utf-8") as file:
        target.write_text("".join(itertools.islice(file, lines)), encoding="utf-8")
    return target


def main() -> None:
    """Run the stages in a temporary project and print one line each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("catalog", type=Path)
    parser.add_argument("persona_file", type=Path, metavar="PERSONAS", help="a jsonl file")
    parser.add_argument("--personas", type=int, default=300, help="how many of them")
    parser.add_argument("--cycles", type=int, default=5)
    given = parser.parse_args()
    print(f"load before: {os.getloadavg()[0]:.2f} on {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory() as folder:
        project = str(Path(folder) / "project")
        personas = head(given.persona_file, given.personas, Path(folder) / "personas.jsonl")
        stages = [
            ["init", project, "--embedded"],
            ["-P", project, "catalog", "add", str(given.catalog)],
            ["-P", project, "personas", "import", str(personas)],
            ["-P", project, "tournament"],
            ["-P", project, "train", "--cycles", str(given.cycles)],
            ["-P", project, "index"],
            ["-P", project, "search", "something sweet for breakfast"],
            ["-P", project, "eval"],
        ]
        total = 0.0
        for stage in stages:
            seconds = timed([*PDISTILL, *stage])
            total += seconds
            print(f"{seconds:7.1f} s  {' '.join(part for part in stage if part not in ('-P', project))[:60]}")
        print(f"{total:7.1f} s  together")
    usage = min(timed([*PDISTILL, "--help"]) for _ in range(3))
    torch = min(timed([sys.executable, "-c", "import torch"]) for _ in range(3))
    print(f"{usage:7.2f} s  pdistill --help, best of 3; import torch takes {torch:.2f} s: {usage / torch:.0%}")


if __name__ == "__main__":
    main()
