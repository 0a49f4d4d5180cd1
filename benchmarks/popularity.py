"""What a ranking scores that knows nothing of the persona: the yardstick beside every percentile rank.

    python benchmarks/popularity.py PROJECT

For each persona the items are ranked by their mean place in the teacher's standings for all *other* personas of the
split. A student that scores no better has learned what is popular, not who asks.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from pdistill.evaluating import Cell, read_cells
from pdistill.metrics import measure_all
from pdistill.statistics import interval
from pdistill.store.project import Project


def popularity(cell: Cell) -> np.ndarray:
    """(P, N) scores: minus the mean place of each item for the other personas; ties at their mean place."""
    places = np.zeros((len(cell.personas), len(cell.items)))
    for row, levels in enumerate(cell.levels):
        above = 0
        for level in levels:
            places[row, level] = above + (len(level) - 1) / 2
            above += len(level)
    return (places - places.sum(0)) / max(len(places) - 1, 1)


def main() -> None:
    """Print the mean percentile rank of each split, with its interval."""
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    cells, _ = read_cells(Project(Path(sys.argv[1])))
    for split, cell in cells.items():
        value = interval(measure_all(popularity(cell), cell.levels)["percentile_rank"])
        print(f"{split:13} {value.value:5.1f} [{value.low:.1f}, {value.high:.1f}]  {len(cell.personas)} personas")


if __name__ == "__main__":
    main()
