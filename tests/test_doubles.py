"""The doubles keep the contracts that they stand in for, and the project that tests start from is as it says."""

from __future__ import annotations

import socket

import pytest

from pdistill import registry
from pdistill.store.project import Project
from pdistill.testing import check_student, check_teacher
from tests.doubles import Scripted, TinyStudent


@pytest.mark.parametrize(
    "teacher",
    [Scripted(), Scripted(noise=0.5, at_once=4), Scripted(uses_text=False, uses_images=True), Scripted(max_images=3)],
)
def test_scripted_keeps_the_contract_of_teachers(teacher: Scripted) -> None:
    check_teacher(teacher)


def test_tiny_student_keeps_the_contract_of_students() -> None:
    check_student(TinyStudent())


@pytest.mark.usefixtures("doubles")
def test_doubles_come_through_the_door_of_plugins() -> None:
    statuses = {(each.kind, each.name): each for each in registry.statuses()}
    assert statuses["teacher", "scripted"].package == statuses["student", "tiny"].package == "doubles"
    assert statuses["teacher", "scripted"].health == statuses["student", "tiny"].health == "ok"
    assert registry.create("teacher", "scripted", {"noise": 0.5}).noise == 0.5


def test_the_project_has_something_in_every_split(project: Project) -> None:
    items, personas = project.items(), project.personas()
    assert (len(items), len(personas)) == (30, 24)
    assert len(items.of("train")) > 12
    assert min(len(items.of("test")), len(personas.of("train")), len(personas.of("test"))) >= 3


def test_the_network_is_out_of_reach() -> None:
    with socket.socket() as sock, pytest.raises(AssertionError, match="tried to reach"):
        sock.connect(("192.0.2.1", 80))
