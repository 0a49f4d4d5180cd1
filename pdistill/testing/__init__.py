"""Checks for plugin authors: does a teacher, student, loss, sampler or strategy keep its contract?

It owns what the contracts promise beyond names and types, and must not know any plugin, built-in or not.
"""

from __future__ import annotations

from pdistill.testing.loss import check_loss
from pdistill.testing.sampler import check_sampler
from pdistill.testing.strategy import check_strategy
from pdistill.testing.student import check_student
from pdistill.testing.teacher import check_teacher

__all__ = ["check_loss", "check_sampler", "check_strategy", "check_student", "check_teacher"]
