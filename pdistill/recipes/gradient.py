"""The recipe for any student: gradients of the loss through the student's own trainable parameters.

It owns the optimiser and the order of batches, and must not know which loss, which teacher or which towers are in use.
"""

from __future__ import annotations

import math

import torch
from torch.nn.functional import embedding, normalize

from pdistill.contracts import SILENT, LinearStudent, Loss, Progress, Student, TrainingData
from pdistill.errors import UsageError
from pdistill.recipes.ridge import ridge as solve_ridge
from pdistill.recipes.two_stage import check_counts, check_finite, check_positive


class Gradient:
    """AdamW on the student's trainable parameters, over all rankings.

    A linear student as it comes is first aligned with the prior by ridge regression: a random or rough start would
    be unlearnt before anything else is learnt.

    Args:
        lr: AdamW's step, > 0.
        epochs: passes over all rankings.
        batch: rankings per step.
        weight_decay: AdamW's decay, >= 0.
        ridge: penalty of the alignment on z-scored features, > 0.
    Raises: ValueError for a value outside its range.
    """

    def __init__(
        self,
        lr: float = 3e-5,
        epochs: int = 3,
        batch: int = 128,
        weight_decay: float = 0.01,
        ridge: float = 3000.0,
    ) -> None:
        check_positive(lr=lr, ridge=ridge)
        check_counts(epochs=epochs, batch=batch)
        if not (math.isfinite(weight_decay) and weight_decay >= 0):
            raise ValueError(f"weight_decay must be 0 or more, not {weight_decay}")
        self.lr, self.epochs, self.batch = lr, epochs, batch
        self.weight_decay, self.ridge = weight_decay, ridge

    def fit(
        self, student: Student, data: TrainingData, loss: Loss, seed: int, progress: Progress = SILENT
    ) -> dict[str, float]:
        """Train the student's parameters; on one machine the same data and seed give the same weights.

        Returns: `loss_first` and `loss_last` (mean of the first and the last epoch) and `steps`.
        Raises: UsageError without rankings or if the student has nothing to train; PdistillError naming the epoch
            if the loss is not finite.
        """
        if not len(data.persona_index):
            raise UsageError("There are no rankings to train on.", "Ask the teacher first: pdistill tournament --help")
        if isinstance(student, LinearStudent) and not student.state():
            student.set_projection(
                *solve_ridge(data.features.float(), normalize(data.prior.float(), dim=-1), self.ridge)
            )
        parameters = student.trainable()
        if not parameters:
            raise UsageError(
                f"The student {type(student).__name__} has no trainable parameters.", "Use another student."
            )
        optimiser = torch.optim.AdamW(parameters, lr=self.lr, weight_decay=self.weight_decay)
        generator = torch.Generator().manual_seed(seed)
        means: list[float] = []
        steps = 0
        for epoch in range(self.epochs):
            batches = torch.randperm(len(data.persona_index), generator=generator).split(self.batch)
            total = 0.0
            with progress.task(f"epoch {epoch + 1} of {self.epochs}", len(batches)) as advance:
                for batch in batches:
                    value = loss(_scores(student, data, batch), data.targets[batch])
                    check_finite(value, epoch)
                    optimiser.zero_grad()
                    value.backward()
                    optimiser.step()
                    total += float(value.detach())
                    advance(1)
            steps += len(batches)
            means.append(total / len(batches))
        for parameter in parameters:
            parameter.requires_grad_(False)
        return {"loss_first": means[0], "loss_last": means[-1], "steps": float(steps)}


def _scores(student: Student, data: TrainingData, batch: torch.Tensor) -> torch.Tensor:
    """(B, M) cosines of each ranking's persona and items; every item is projected once, however often it is shown."""
    items, where = data.item_index[batch].unique(return_inverse=True)
    # `embedding` rather than plain indexing, whose gradient adds up in an order that differs from run to run.
    projected = embedding(where, student.project(data.features[items]))
    return torch.einsum("bmd,bd->bm", projected, data.personas[data.persona_index[batch]])
