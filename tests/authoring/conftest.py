"""A small lesson and a tree around it, so that these tests hang on no real lesson."""

from collections.abc import Callable
from pathlib import Path

import pytest

from qkv_course.attention import attention_scores, scaled_scores
from qkv_course.authoring.lesson import Lesson, read_lesson
from qkv_course.authoring.tree import Tree
from qkv_course.checks.exercise import Exercise

NAME = "40_sample"
TEXT = """\
---
jupytext:
  notebook_metadata_filter: qkv
kernelspec:
  name: python3
  display_name: Python 3
qkv:
  title: A sample
  teaching: 10
  exercises: 5
  questions:
    - Why a sample?
  objectives:
    - test the build
  keypoints:
    - One source, two notebooks.
---

# 40 · A sample

{{ overview }}

```{code-cell}
import math
import os

import numpy as np

def check(f):
    print(f.__name__, f(np.eye(2), np.eye(2)).round(3).tolist())
```

+++ {"slideshow": {"slide_type": "slide"}}

## Build

```{code-cell}
:exercise: attention_scores
```

```{code-cell}
:exercise: scaled_scores
```

```{code-cell}
:tags: [nbval-ignore-output]
:reason: a process id

os.getpid()
```

## Take away

{{ keypoints }}
"""


def sample_exercise(name: str) -> Exercise:
    """Give an exercise with a reference and points, and nothing to check."""
    reference = {"attention_scores": attention_scores, "scaled_scores": scaled_scores}[name]
    points = {"attention_scores": 1, "scaled_scores": 2}[name]
    return Exercise(reference, points, lambda rng: [], (), ("", "", ""))


@pytest.fixture
def text() -> str:
    return TEXT


@pytest.fixture
def lesson() -> Lesson:
    return read_lesson(NAME, TEXT)


@pytest.fixture
def rewrite(tree: Tree) -> Callable[[str, str], None]:
    """Change the sample's lesson.md: put `new` where `old` stands."""

    def change(old: str, new: str) -> None:
        path = tree.folder(NAME) / "lesson.md"
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    return change


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    folder = tmp_path / "lessons" / f"_{NAME}"
    folder.mkdir(parents=True)
    (folder / "lesson.md").write_text(TEXT, encoding="utf-8")
    return Tree(
        lessons={NAME: ("attention_scores", "scaled_scores")},
        folder=lambda name: tmp_path / "lessons" / f"_{name}",
        find=sample_exercise,
        notebooks=tmp_path / "notebooks",
        solutions=tmp_path / "solutions",
    )
