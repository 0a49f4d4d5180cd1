"""Fingerprints: the key of everything that is stored and asked for again. Pure."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any


def fingerprint(value: Any, length: int = 32) -> str:
    """The first `length` hex digits of the SHA-256 of `value` as canonical JSON.

    Canonical JSON keeps structure, so ["a-b"] and ["a", "b"] differ. Raises TypeError for what JSON cannot hold.
    """
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:length]


def content_hash(data: bytes) -> str:
    """The SHA-256 of `data`, in hex."""
    return hashlib.sha256(data).hexdigest()


def file_hash(path: Path) -> str:
    """The SHA-256 of a file's content, in hex, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fraction(*parts: str) -> float:
    """A number in [0, 1) that depends on `parts` alone: decides splits once and for all machines."""
    return int(fingerprint(list(parts), 13), 16) / 16**13
