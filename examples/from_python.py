"""The walkthrough of own-photos.md from Python: a folder of pictures in, a search engine of one's own out.

    python examples/from_python.py FOLDER [PROJECT]

Every command of pdistill is one function here, and each gives an `Outcome`: `result` (numbers), `failures`, `warnings`.
Nothing is done twice: run it again, and it is through in seconds.
"""

import sys
from pathlib import Path

from pdistill import catalog, cycles, evaluating, indexing, personas, tournament
from pdistill.errors import PdistillError
from pdistill.searching import Searcher
from pdistill.settings import FILE_NAME
from pdistill.store.project import Project


def main(photos: Path, root: Path) -> None:
    """Take `photos` through all stages in the project `root`."""
    # A project is one folder. The second argument beats pdistill.toml, as flags do on the command line.
    if not (root / FILE_NAME).exists():
        Project.create(root, embedded=True)
    project = Project(root, {"tournament": {"eval_personas": 30}})

    added = catalog.add(project, photos)
    print(f"The catalog has {added.result['items']} items, {added.result['added']} of them new.")
    for failure in added.failures:
        print(f"Failed: {failure['id']}: {failure['error']}")
    personas.generate(project, count=120, seed=0)

    # The teacher's standings for the evaluation; every answer is kept in the project's ledger.
    teacher = tournament.teacher_of(project)
    judged = tournament.judge(project, teacher)
    print(f"The teacher answered {judged.result['calls']:,} questions for the evaluation.")

    # Ask and train in turn. One round by hand would be: tournament.label(project, teacher); training.train(project)
    learnt = cycles.run(project, cycles=2)
    print(f"{learnt.result['student']} has learned from {learnt.result['rankings']:,} rankings.")

    # Version 0 is the student as it comes. Each version has an index of its own.
    versions = project.versions(project.settings.student.name)
    for version in (versions[0], versions[-1]):
        indexing.index(project, version)
        searcher = Searcher(project, version)  # warm after the first query: keep it in a server
        print(f"{version.id}:", ", ".join(hit.title for hit in searcher.search("gift for gardener mom", top=4)))

    # Scores are cosines; `systems` holds every metric with its interval, `comparisons` each version against version 0.
    measured = evaluating.evaluate(project, [versions[0], versions[-1]])
    for row in measured.result["comparisons"]:
        if row["metric"] == "mean_percentile_rank":
            print(f"{row['split']}: {row['difference']:+.1f} [{row['low']:+.1f}, {row['high']:+.1f}]")


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    try:
        main(Path(sys.argv[1]), Path(sys.argv[2] if len(sys.argv) == 3 else "shop-from-python"))
    except PdistillError as error:  # everything that a user can mend; `hint` says how
        sys.exit(f"{error.message} {error.hint}")
