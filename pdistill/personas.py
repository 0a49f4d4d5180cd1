"""The personas stage: texts generated or imported, near-duplicates dropped, the split decided once by hash.

It knows the project and the generators' contract, and nothing of catalogs or teachers.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeAlias

import pyarrow as pa

from pdistill import registry, sources
from pdistill.contracts import SILENT, Outcome, PersonaGenerator, Progress
from pdistill.errors import UsageError
from pdistill.fingerprint import fingerprint, fraction
from pdistill.store.project import PERSONAS, Project
from pdistill.store.records import TEST, TRAIN

NEAR = 0.9
"""Two personas whose sets of words overlap by this much (Jaccard) are near-duplicates; the first one is kept."""

CANDIDATE = 0.7
"""Overlap for which the index is built, well below NEAR: built for .9, it would propose a third of the pairs that
overlap by .9; built for .7, it proposes 99.9 % of them, and the exact look sorts out the rest."""

LONG = 2_000
"""Characters above which a warning is due: vision-language teachers have short windows."""

ROWS_AT_ONCE = 5_000

_Text: TypeAlias = tuple[str | None, str, dict[str, Any]]
"""Id if there is one, text, other columns."""


def generate(
    project: Project, count: int, seed: int = 0, generator: str = "composed", progress: Progress = SILENT
) -> Outcome:
    """Add `count` personas of a registered generator; those that are there already are not added again.

    Raises: what `registry.create` raises; UsageError if count < 1.
    """
    if count < 1:
        raise UsageError(f"{count} personas cannot be generated.", "Ask for one or more: --count 300")
    made: PersonaGenerator = registry.create("generator", generator)
    texts: Iterable[_Text] = ((None, text, {}) for text in made.generate(count, seed))
    return _add(project, texts, f"{generator}, seed {seed}", near=None, total=count, progress=progress)


def import_file(
    project: Project, path: Path, field: str | None = None, id_field: str | None = None, progress: Progress = SILENT
) -> Outcome:
    """Add the personas of a csv, tsv, jsonl or parquet file; other columns are kept.

    Args:
        field: the column of the text; guessed if it is named as usual.
        id_field: the column of the id; else `id` if there is one, else made from the text.

    Raises: UsageError if the file cannot be read.
    """
    texts = sources.read_texts(path, field, id_field)
    return _add(project, texts, str(path), near=_NearDuplicates(), total=None, progress=progress)


def _add(
    project: Project,
    texts: Iterable[_Text],
    source: str,
    near: _NearDuplicates | None,
    total: int | None,
    progress: Progress,
) -> Outcome:
    counts = {"added": 0, "unchanged": 0, "duplicates": 0, "empty": 0}
    long = 0
    with project.writing("adding personas"), progress.task("Adding personas", total) as advance:
        there = project.persona_table.read(["id", "text"]).to_pydict()
        known = {_words(text): persona for persona, text in zip(there["id"], there["text"], strict=True)}
        taken = dict(zip(there["id"], there["text"], strict=True))
        for text in there["text"] if near else ():
            near.is_new(text)  # type: ignore[union-attr]
        rows: list[dict[str, Any]] = []
        for own_id, text, more in texts:
            advance(1)
            text = " ".join(text.split())
            words, made_id = _words(text), fingerprint([own_id, text], 12)
            if not words:
                counts["empty"] += 1
            elif text in (taken.get(own_id or ""), taken.get(made_id)) or (own_id is None and words in known):
                counts["unchanged"] += 1
            elif words in known or (near is not None and not near.is_new(text)):
                counts["duplicates"] += 1
            else:
                persona = own_id if own_id and own_id not in taken else made_id
                known[words], taken[persona] = persona, text
                long += len(text) > LONG
                rows.append(_row(project, persona, text, words, source, more))
                counts["added"] += 1
            if len(rows) >= ROWS_AT_ONCE:
                _store(project, rows)
                rows = []
        _store(project, rows)
    some = "1 persona is" if long == 1 else f"{long:,} personas are"
    warnings = [f"{some} longer than {LONG:,} characters; some teachers refuse such."] if long else []
    splits = project.persona_table.read(["split"])["split"].to_pylist()
    more_counts = {"personas": len(splits), TRAIN: splits.count(TRAIN), TEST: splits.count(TEST)}
    return Outcome({**counts, **more_counts}, warnings=warnings)


def _row(project: Project, persona: str, text: str, words: str, source: str, more: dict[str, Any]) -> dict[str, Any]:
    settings = project.settings.split
    split = TEST if fraction("persona", str(settings.seed), words) < settings.test_personas else TRAIN
    own = {"id": persona, "text": text, "split": split, "source": source, "added_at": time.time()}
    return {**{name if name not in own else f"{name}_": value for name, value in more.items()}, **own}


def _store(project: Project, rows: list[dict[str, Any]]) -> None:
    if not rows:
        return
    extra = pa.Table.from_pylist([{name: row.get(name) for name in _extra_names(rows)} for row in rows])
    more = [field for field in extra.schema if not pa.types.is_null(field.type)]
    # The rows are made before the table gets its columns: a file that is refused leaves no trace.
    kinds = {field.name: field.type for field in (*more, *project.persona_table.columns())}
    columns = {name: pa.array([row.get(name) for row in rows], PERSONAS.field(name).type) for name in PERSONAS.names}
    for name in _extra_names(rows):
        if name in kinds:
            columns[name] = _as_type([row.get(name) for row in rows], kinds[name], name)
    project.persona_table.fit_columns(more)
    project.persona_table.append(pa.table(columns))


def _as_type(values: list[Any], kind: pa.DataType, name: str) -> pa.Array:
    try:
        if pa.types.is_string(kind):
            values = [value if value is None else str(value) for value in values]
        return pa.array(values, kind)
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise UsageError(
            f"The column '{name}' holds {kind} in this project and something else in this file: {error}.",
            "Rename the column in the file.",
        ) from error


def _extra_names(rows: list[dict[str, Any]]) -> list[str]:
    return [name for name in dict.fromkeys(name for row in rows for name in row) if name not in PERSONAS.names]


def _words(text: str) -> str:
    """What two texts must share to be the same persona: their words, without case and punctuation."""
    return " ".join(re.findall(r"\w+", text.casefold()))


class _NearDuplicates:
    """Remembers texts and tells whether a new one is nearly one of them (MinHash LSH; Broder 1997)."""

    def __init__(self) -> None:
        from datasketch import MinHashLSH

        self._index = MinHashLSH(threshold=CANDIDATE, num_perm=128)
        self._sets: list[frozenset[str]] = []

    def is_new(self, text: str) -> bool:
        """Remember `text` unless it is a near-duplicate of one remembered."""
        from datasketch import MinHash

        words = frozenset(_words(text).split())
        sketch = MinHash(num_perm=128, seed=1)
        sketch.update_batch([word.encode() for word in words])
        for other in self._index.query(sketch):
            common = self._sets[other]
            if len(words & common) >= NEAR * len(words | common):
                return False
        self._index.insert(len(self._sets), sketch)
        self._sets.append(words)
        return True
