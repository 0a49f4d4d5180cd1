"""The student as it comes, once it has learnt, and after a trip through a file."""

import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from safetensors.torch import load, save

from pdistill.contracts import LinearStudent
from pdistill.embedded import efficientnet, minilm
from pdistill.students.efficientnet_minilm import BIAS, WEIGHT, EfficientNetMiniLM
from pdistill.testing import check_student

CLASSES = (3, 470, 954)


def of_classes(*indices: int) -> torch.Tensor:
    """Features that the classifier is as good as certain about: logits 50 for the class, 0 for the others."""
    weight, bias = efficientnet.classifier()
    logits = torch.nn.functional.one_hot(torch.tensor(indices), efficientnet.CLASSES) * 50.0
    return (logits - bias) @ torch.linalg.pinv(weight).T


def layer(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(efficientnet.FEATURES, 384, generator=generator), torch.randn(384, generator=generator)


def test_keeps_the_contract() -> None:
    check_student(EfficientNetMiniLM())


def test_as_it_comes_a_certain_picture_lies_at_its_class_name() -> None:
    # p(class) = e⁵⁰ / (e⁵⁰ + 999) = 1 up to 1e-18, so the sum over classes is the one name's embedding.
    student = EfficientNetMiniLM()
    names = [efficientnet.class_names()[index] for index in CLASSES]
    assert student.state() == {}
    assert student.project(of_classes(*CLASSES)).numpy() == pytest.approx(minilm.encode(names), abs=1e-3)


def test_as_it_comes_two_likely_classes_are_mixed_by_their_probabilities() -> None:
    # Logits log 3 + 50 and 50: probabilities 3/4 and 1/4, and what is left for the others is below 1e-18.
    weight, bias = efficientnet.classifier()
    logits = torch.zeros(1, efficientnet.CLASSES)
    logits[0, 3], logits[0, 470] = 50 + float(np.log(3)), 50
    features = (logits - bias) @ torch.linalg.pinv(weight).T
    names = efficientnet.class_names()
    first, second = minilm.encode([names[3], names[470]])
    wanted = 0.75 * first + 0.25 * second
    found = EfficientNetMiniLM().project(features)[0].numpy()
    assert found == pytest.approx(wanted / np.linalg.norm(wanted), abs=1e-3)


def test_the_linear_start_keeps_certain_pictures_nearest_to_their_class_name() -> None:
    student = EfficientNetMiniLM()
    student.trainable()
    names = torch.from_numpy(minilm.encode(efficientnet.class_names()))
    centred = names - names.mean(0)
    nearest = (student.project(of_classes(*CLASSES)) @ centred.T).argmax(-1)
    assert nearest.tolist() == list(CLASSES)


def test_a_projection_is_applied_as_given_and_survives_safetensors() -> None:
    weight, bias = layer()
    student, other = EfficientNetMiniLM(), EfficientNetMiniLM()
    student.set_projection(weight, bias)
    other.load_state(load(save(student.state())))
    features = torch.randn(3, efficientnet.FEATURES, generator=torch.Generator().manual_seed(1))
    wanted = torch.nn.functional.normalize(features @ weight + bias, dim=-1)
    assert torch.allclose(student.project(features), wanted, atol=1e-5)
    assert torch.equal(other.project(features), student.project(features))
    other.load_state({})
    assert other.state() == {}


def test_the_state_is_a_copy() -> None:
    student = EfficientNetMiniLM()
    student.set_projection(*layer())
    student.state()[BIAS].zero_()
    assert torch.equal(student.state()[BIAS], layer()[1])


def test_a_state_that_does_not_fit_is_refused_in_words() -> None:
    weight, bias = layer()
    student = EfficientNetMiniLM()
    with pytest.raises(ValueError, match=r"must hold projection.weight and projection.bias, not other"):
        student.load_state({"other": weight})
    with pytest.raises(ValueError, match=r"\(1280, 384\) and \(384,\), not \(384, 1280\)"):
        student.load_state({WEIGHT: weight.T, BIAS: bias})
    with pytest.raises(ValueError, match="not finite"):
        student.load_state({WEIGHT: weight * torch.nan, BIAS: bias})


def test_a_trained_student_projects_without_its_towers() -> None:
    program = (
        "import sys, torch\n"
        "from pdistill.students.efficientnet_minilm import EfficientNetMiniLM\n"
        "student = EfficientNetMiniLM()\n"
        "student.set_projection(torch.zeros(1280, 384), torch.ones(384))\n"
        "other = EfficientNetMiniLM()\n"
        "other.load_state(student.state())\n"
        "other.project(torch.zeros(2, 1280))\n"
        "print(*{'timm', 'tokenizers', 'transformers', 'sentence_transformers'} & set(sys.modules))\n"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "\n", "")


def test_making_one_does_not_import_torch() -> None:
    program = (
        "import sys\n"
        "from pdistill.students.efficientnet_minilm import EfficientNetMiniLM\n"
        "from pdistill.teachers.caption import Caption\n"
        "EfficientNetMiniLM(), Caption()\n"
        "print('torch' in sys.modules)\n"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=False)
    assert (done.stdout, done.stderr) == ("False\n", "")


def test_its_fingerprints_name_the_weights() -> None:
    student = EfficientNetMiniLM()
    assert "53aa51172d142c89" in student.text_fingerprint
    assert "579344248a93e230" in student.feature_fingerprint
    assert isinstance(student, LinearStudent)
