"""The recommended recipe: learn from the rankings where each item should lie, then regress features onto that.

It owns these two stages, and must not know which loss, which teacher or which towers are in use.
"""

from __future__ import annotations

import math

import torch
from torch.nn.functional import embedding, normalize

from pdistill.contracts import SILENT, LinearStudent, Loss, Progress, Student, TrainingData
from pdistill.errors import PdistillError, UsageError
from pdistill.recipes.ridge import ridge as solve_ridge


class TwoStage:
    """A free table of item embeddings learnt from rankings, then one ridge regression from features to the table.

    The table starts at the prior of every item and is learnt anew from all rankings each time, so the same rankings
    give the same weights however many cycles they came in. The regression's target is
    normalize((1 − α) · prior + α · table): α says how far the rankings may pull an item from its own text. Items
    that no ranking judged keep their prior. With no rankings at all, the student is aligned with the prior alone.

    Args:
        alpha_text: α of items whose prior is their text, in [0, 1].
        alpha_no_text: α of items whose prior is the student as it comes, in [0, 1].
        ridge: penalty on the z-scored features, > 0.
        lr: AdamW's step on the table, > 0.
        steps: optimiser steps; more are taken where one pass over all rankings needs more.
        batch: rankings per step.
    Raises: ValueError for a value outside its range.
    """

    def __init__(
        self,
        alpha_text: float = 0.5,
        alpha_no_text: float = 1.0,
        ridge: float = 3000.0,
        lr: float = 3e-3,
        steps: int = 80,
        batch: int = 512,
    ) -> None:
        for name, value in (("alpha_text", alpha_text), ("alpha_no_text", alpha_no_text)):
            if not 0 <= value <= 1:
                raise ValueError(f"{name} must be between 0 and 1, not {value}")
        check_positive(ridge=ridge, lr=lr)
        check_counts(steps=steps, batch=batch)
        self.alpha_text, self.alpha_no_text = alpha_text, alpha_no_text
        self.ridge, self.lr, self.steps, self.batch = ridge, lr, steps, batch

    def fit(
        self, student: Student, data: TrainingData, loss: Loss, seed: int, progress: Progress = SILENT
    ) -> dict[str, float]:
        """Set the student's projection; on one machine the same data and seed give the same weights.

        Returns: `loss_first` and `loss_last` (mean of the first and the last pass over the rankings; absent without
            rankings), `steps`, `items_moved` and `fit_cosine` (mean cosine of wanted and reached embeddings).
        Raises: UsageError if the student's learning part is not one linear layer or there are no items;
            PdistillError naming the epoch if the loss is not finite.
        """
        if not isinstance(student, LinearStudent):
            raise UsageError(
                f"The recipe 'two-stage' needs a student with set_projection; {type(student).__name__} has none.",
                "Use --recipe gradient.",
            )
        if not len(data.features):
            raise UsageError("There are no items to train on.", "Add items first: pdistill catalog add --help")
        prior = normalize(data.prior.float(), dim=-1)
        moved, table, numbers = self._learn_table(prior, data, loss, seed, progress)
        wanted = prior.clone()
        alpha = torch.where(data.has_text[moved], self.alpha_text, self.alpha_no_text)[:, None]
        wanted[moved] = normalize((1 - alpha) * prior[moved] + alpha * normalize(table, dim=-1), dim=-1)
        with progress.task("regress features onto embeddings", 1) as advance:
            weight, bias = solve_ridge(data.features.float(), wanted, self.ridge)
            student.set_projection(weight, bias)
            with torch.no_grad():
                reached = student.project(data.features.float())
            numbers["fit_cosine"] = float((reached * wanted).sum(-1).mean())
            advance(1)
        return numbers

    def _learn_table(
        self, prior: torch.Tensor, data: TrainingData, loss: Loss, seed: int, progress: Progress
    ) -> tuple[torch.Tensor, torch.Tensor, dict[str, float]]:
        """Stage one: the positions of the judged items, their learnt embeddings (K, D), and numbers about it."""
        judged = ~data.targets.isnan()
        moved = data.item_index[judged].unique()
        numbers: dict[str, float] = {"steps": 0.0, "items_moved": float(len(moved))}
        if not len(moved):
            return moved, prior[moved], numbers
        # Padding points at row 0 of the table: its grade is NaN, so no loss may look at it.
        place = torch.zeros(len(prior), dtype=torch.long)
        place[moved] = torch.arange(len(moved))
        rows = place[data.item_index]
        table = torch.nn.Parameter(prior[moved].clone())
        optimiser = torch.optim.AdamW([table], lr=self.lr, weight_decay=0.0)
        generator = torch.Generator().manual_seed(seed)
        epochs = math.ceil(self.steps / math.ceil(len(rows) / self.batch))
        means: list[float] = []
        with progress.task("learn item embeddings", epochs) as advance:
            for epoch in range(epochs):
                losses = []
                for batch in torch.randperm(len(rows), generator=generator).split(self.batch):
                    # Plain indexing would be slower, and its gradient adds up in an order that differs by run.
                    shown = embedding(rows[batch], normalize(table, dim=-1))
                    personas = data.personas[data.persona_index[batch]]
                    value = loss(torch.einsum("bmd,bd->bm", shown, personas), data.targets[batch])
                    check_finite(value, epoch)
                    optimiser.zero_grad()
                    value.backward()
                    optimiser.step()
                    losses.append(float(value.detach()))
                means.append(sum(losses) / len(losses))
                numbers["steps"] += len(losses)
                advance(1)
        return moved, table.detach(), numbers | {"loss_first": means[0], "loss_last": means[-1]}


def check_positive(**values: float) -> None:
    """Raise ValueError naming the first value that is not a positive number."""
    for name, value in values.items():
        if not (math.isfinite(value) and value > 0):
            raise ValueError(f"{name} must be a positive number, not {value}")


def check_counts(**values: int) -> None:
    """Raise ValueError naming the first value that is not a whole number of at least 1."""
    for name, value in values.items():
        if not isinstance(value, int) or value < 1:
            raise ValueError(f"{name} must be a whole number of at least 1, not {value}")


def check_finite(value: torch.Tensor, epoch: int) -> None:
    """Raise PdistillError naming the epoch, counted from 1, if the loss is NaN or infinite."""
    if not value.isfinite().all():
        raise PdistillError(
            f"The loss became {float(value.detach())} in epoch {epoch + 1}.",
            "Lower lr, or check the loss with pdistill.testing.check_loss.",
        )
