"""Both recipes and the regression under them, on made-up items whose taste is known."""

from dataclasses import replace

import pytest
import torch
from torch.nn.functional import normalize

from pdistill.contracts import Loss, Recipe, Student, TrainingData
from pdistill.errors import PdistillError, UsageError
from pdistill.losses.bradley_terry import BradleyTerry
from pdistill.recipes.gradient import Gradient
from pdistill.recipes.ridge import ridge
from pdistill.recipes.two_stage import TwoStage
from pdistill.students.efficientnet_minilm import WEIGHT, EfficientNetMiniLM

N, P, B, M, F, D = 40, 12, 200, 5, 1280, 384
RECIPES: list[Recipe] = [TwoStage(steps=20, batch=64), Gradient(epochs=10, batch=64)]


def world(seed: int = 0) -> TrainingData:
    """Items that lie at `truth` for the teacher, while their features and the prior say something else in part."""
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator)

    hidden = draw(N, 8)
    truth = normalize(hidden @ draw(8, D), dim=-1)
    personas = normalize(truth[:P] + 0.03 * draw(P, D), dim=-1)
    persona_index = torch.randint(P, (B,), generator=generator)
    item_index = torch.stack([torch.randperm(N, generator=generator)[:M] for _ in range(B)])
    return TrainingData(
        features=hidden @ draw(8, F) + 5,
        prior=normalize(0.3 * truth + normalize(hidden @ draw(8, D), dim=-1), dim=-1),
        has_text=torch.zeros(N, dtype=torch.bool),
        personas=personas,
        persona_index=persona_index,
        item_index=item_index,
        targets=(personas[persona_index][:, None] * truth[item_index]).sum(-1),
    )


def fitted(recipe: Recipe, data: TrainingData, seed: int = 0, loss: Loss | None = None) -> EfficientNetMiniLM:
    student = EfficientNetMiniLM()
    recipe.fit(student, data, loss or BradleyTerry(), seed)
    return student


def agreement(student: Student, data: TrainingData) -> float:
    """The share of the teacher's pairs that the student puts in the same order."""
    embeddings = student.project(data.features).detach()
    scores = (data.personas[data.persona_index][:, None] * embeddings[data.item_index]).sum(-1)
    above = data.targets[:, :, None] > data.targets[:, None, :]
    return float(((scores[:, :, None] > scores[:, None, :]) & above).sum() / above.sum())


def test_ridge_of_one_feature_by_hand() -> None:
    # Features 1 and 3: mean 2, deviation 1, z = −1 and +1. Wanted 10 and 20: mean 15, centred −5 and +5.
    # w = Σ z·y / (Σ z² + λ) = 10 / (2 + 3) = 2 per deviation of 1; bias = 15 − 2 · 2 = 11.
    weight, bias = ridge(torch.tensor([[1.0], [3.0]]), torch.tensor([[10.0], [20.0]]), 3.0)
    assert weight.tolist() == [[pytest.approx(2.0)]]
    assert bias.tolist() == [pytest.approx(11.0)]


def test_ridge_gives_a_feature_that_never_varies_no_weight() -> None:
    features = torch.tensor([[1.0, 7.0], [3.0, 7.0]])
    weight, bias = ridge(features, torch.tensor([[10.0], [20.0]]), 3.0)
    assert weight.flatten().tolist() == [pytest.approx(2.0), 0.0]
    assert bias.tolist() == [pytest.approx(11.0)]


def test_ridge_of_one_item_is_that_item() -> None:
    weight, bias = ridge(torch.tensor([[1.0, 2.0]]), torch.tensor([[0.6, 0.8]]), 3000.0)
    assert weight.tolist() == [[0.0, 0.0], [0.0, 0.0]]
    assert bias.tolist() == pytest.approx([0.6, 0.8])


@pytest.mark.parametrize("recipe", RECIPES, ids=["two-stage", "gradient"])
def test_a_student_learns_what_the_teacher_prefers(recipe: Recipe) -> None:
    data = world()
    start = EfficientNetMiniLM()
    start.set_projection(*ridge(data.features, data.prior, 3000.0))
    student = EfficientNetMiniLM()
    numbers = recipe.fit(student, data, BradleyTerry(), 0)
    assert agreement(student, data) > agreement(start, data) + 0.02
    assert numbers["loss_last"] < numbers["loss_first"]
    assert not student.project(data.features).requires_grad


@pytest.mark.parametrize("recipe", RECIPES, ids=["two-stage", "gradient"])
def test_the_same_data_and_seed_give_the_same_weights(recipe: Recipe) -> None:
    first, *same, other = (fitted(recipe, world(), seed).state()[WEIGHT] for seed in (0, 0, 0, 0, 1))
    assert all(torch.equal(first, each) for each in same)
    assert not torch.equal(first, other)


@pytest.mark.parametrize("recipe", RECIPES, ids=["two-stage", "gradient"])
def test_padding_changes_nothing(recipe: Recipe) -> None:
    data = world()
    padded = replace(
        data,
        item_index=torch.cat([data.item_index, torch.zeros(B, 2, dtype=torch.long)], 1),
        targets=torch.cat([data.targets, torch.full((B, 2), torch.nan)], 1),
    )
    plain, more = fitted(recipe, data), fitted(recipe, padded)
    assert torch.allclose(plain.project(data.features), more.project(data.features), atol=1e-4)


@pytest.mark.parametrize("recipe", RECIPES, ids=["two-stage", "gradient"])
def test_a_loss_that_breaks_is_named_with_its_epoch(recipe: Recipe) -> None:
    calls = 0

    def breaks(scores: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        nonlocal calls
        calls += 1
        return scores.sum() * (torch.nan if calls == 6 else 0.0)

    # 200 rankings in batches of 64 are 4 steps an epoch: the sixth step is in the second.
    with pytest.raises(PdistillError, match="The loss became nan in epoch 2"):
        fitted(recipe, world(), loss=breaks)


def test_alpha_zero_is_the_prior_alone() -> None:
    data = world()
    weight, bias = ridge(data.features, data.prior, 3000.0)
    wanted = normalize(data.features @ weight + bias, dim=-1)
    found = fitted(TwoStage(alpha_no_text=0, steps=5), data).project(data.features)
    assert torch.allclose(found, wanted, atol=1e-5)


def test_alpha_goes_by_whether_an_item_has_text() -> None:
    data = replace(world(), has_text=torch.ones(N, dtype=torch.bool))
    weight, bias = ridge(data.features, data.prior, 3000.0)
    wanted = normalize(data.features @ weight + bias, dim=-1)
    kept = fitted(TwoStage(alpha_text=0, alpha_no_text=1, steps=5), data).project(data.features)
    pulled = fitted(TwoStage(alpha_text=1, alpha_no_text=0, steps=5), data).project(data.features)
    assert torch.allclose(kept, wanted, atol=1e-5)
    assert not torch.allclose(pulled, wanted, atol=1e-3)


def test_without_rankings_the_student_is_aligned_with_the_prior() -> None:
    data = world()
    none = replace(data, persona_index=data.persona_index[:0], item_index=data.item_index[:0], targets=data.targets[:0])
    student = EfficientNetMiniLM()
    numbers = TwoStage().fit(student, none, BradleyTerry(), 0)
    wanted = fitted(TwoStage(alpha_no_text=0, steps=1), data).project(data.features)
    assert torch.allclose(student.project(data.features), wanted, atol=1e-5)
    assert (numbers["steps"], numbers["items_moved"]) == (0, 0)
    assert "loss_first" not in numbers


def test_items_never_judged_keep_their_prior() -> None:
    # Only items 0 to 9 are ever shown; a ridge next to nothing reaches every wanted embedding (40 items, rank 8
    # features would not, so the features are made independent here).
    data = world()
    data = replace(
        data,
        features=torch.randn(N, F, generator=torch.Generator().manual_seed(9)),
        item_index=data.item_index % 10,
        targets=(data.personas[data.persona_index][:, None] * data.prior[data.item_index % 10]).sum(-1) * -1,
    )
    student = EfficientNetMiniLM()
    numbers = TwoStage(steps=20, batch=64, ridge=1e-3).fit(student, data, BradleyTerry(), 0)
    moved = (student.project(data.features) * data.prior).sum(-1)
    assert numbers["items_moved"] == 10
    assert moved[10:].min() > 0.999
    assert moved[:10].max() < 0.99


def test_every_ranking_is_read_at_least_once() -> None:
    # 200 rankings in batches of 20 are 10 steps: more than the 3 asked for, and not cut short.
    numbers = TwoStage(steps=3, batch=20).fit(EfficientNetMiniLM(), world(), BradleyTerry(), 0)
    assert numbers["steps"] == 10


class NotLinear:
    """A dual encoder without `set_projection`: the real one behind a door that lets only `Student` through."""

    text_fingerprint, feature_fingerprint, dimension = "t", "f", D

    def __init__(self) -> None:
        inner = EfficientNetMiniLM()
        self.encode_text, self.preprocess, self.features = inner.encode_text, inner.preprocess, inner.features
        self.project, self.trainable = inner.project, inner.trainable
        self.state, self.load_state = inner.state, inner.load_state


def test_two_stage_refuses_a_student_that_is_not_linear() -> None:
    with pytest.raises(UsageError, match="needs a student with set_projection; NotLinear has none") as caught:
        TwoStage().fit(NotLinear(), world(), BradleyTerry(), 0)
    assert "--recipe gradient" in caught.value.hint


def test_gradient_refuses_to_learn_from_nothing() -> None:
    data = world()
    none = replace(data, persona_index=data.persona_index[:0], item_index=data.item_index[:0], targets=data.targets[:0])
    with pytest.raises(UsageError, match="no rankings"):
        fitted(Gradient(), none)


@pytest.mark.parametrize(
    ("recipe", "option", "value"),
    [
        (TwoStage, "alpha_text", 1.1),
        (TwoStage, "alpha_no_text", -0.1),
        (TwoStage, "ridge", 0.0),
        (TwoStage, "lr", float("nan")),
        (TwoStage, "steps", 0),
        (TwoStage, "batch", 1.5),
        (Gradient, "epochs", 0),
        (Gradient, "weight_decay", -1.0),
    ],
)
def test_options_out_of_range_are_refused_by_name(recipe: type, option: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"{option} must be"):
        recipe(**{option: value})
