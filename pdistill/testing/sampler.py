"""The check of a sampler: never a pair twice, never too few, the same for the same seed.

It owns the invented scores, and must not judge which choice is best.
"""

from __future__ import annotations

import numpy as np

from pdistill.contracts import Sampler
from pdistill.testing.expect import expect, expect_members


def check_sampler(sampler: Sampler) -> None:
    """Let a sampler choose for 6 personas among 40 items, with plenty left, little left and nothing left.

    Raises AssertionError in words if it chooses a pair seen before, an item twice, too few, or differently for the
    same seed.
    """
    expect_members(sampler, Sampler)
    rng = np.random.default_rng(0)
    embeddings = rng.normal(size=(40, 8)).astype(np.float32)
    embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
    scores = np.clip(rng.normal(0.2, 0.2, (6, 40)), -1, 1).astype(np.float32)
    seen = rng.random((6, 40)) < 0.3
    seen[3, 2:], seen[4], seen[5] = True, True, False
    seen[3, :2] = False
    kept = [each.copy() for each in (scores, embeddings, seen)]
    for m in (1, 5, 8):
        chosen = sampler.choose(scores, embeddings, seen, m, np.random.default_rng(1))
        again = sampler.choose(scores, embeddings, seen, m, np.random.default_rng(1))
        expect(len(chosen) == 6, f"m = {m}: {len(chosen)} choices for 6 personas")
        for persona, (items, same) in enumerate(zip(chosen, again, strict=True)):
            where = f"m = {m}, persona {persona}"
            left = int((~seen[persona]).sum())
            expect(np.array_equal(items, same), f"{where}: the same seed chooses differently")
            expect(len(items) == min(m, left), f"{where}: {len(items)} items chosen where {left} unseen are left")
            expect(len(set(map(int, items))) == len(items), f"{where}: an item is chosen twice")
            expect(all(0 <= int(item) < 40 for item in items), f"{where}: a position outside the catalog")
            expect(not seen[persona, np.asarray(items, int)].any(), f"{where}: a pair seen before is chosen")
    unchanged = all(np.array_equal(a, b) for a, b in zip(kept, (scores, embeddings, seen), strict=True))
    expect(unchanged, "choose changed its inputs")
