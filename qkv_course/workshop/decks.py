"""`qkv slides`: writes decks into a folder that opens in any browser, without the network."""

import json
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader

from qkv_course.errors import QkvError
from qkv_course.progress import course_folder
from qkv_course.workshop.slides import WIDE, Deck, Slide, make_deck

DECK = Path(__file__).parent / "deck"
# From the npm packages named in package.json; versions and checksums are in package-lock.json.
ASSETS = {
    "reset.css": "reveal.js/dist/reset.css",
    "reveal.css": "reveal.js/dist/reveal.css",
    "reveal.js": "reveal.js/dist/reveal.js",
    "notes.js": "reveal.js/plugin/notes/notes.js",
    "reveal-LICENSE": "reveal.js/LICENSE",
    "tex-svg.js": "mathjax/es5/tex-svg.js",
    "mathjax-LICENSE": "mathjax/LICENSE",
}
OWN = ("deck.css", "deck.js", "index.css")
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome", "microsoft-edge")


@dataclass(frozen=True)
class Written:
    """A deck as it lies in the folder."""

    file: str
    number: str
    title: str
    slides: tuple[dict[str, Any], ...]
    has_mathematics: bool


def write_decks(folder: Path, lessons: Sequence[str]) -> list[Path]:
    """Write the decks of some lessons, a page that lists them, and what they need.

    Raises QkvError if a solved notebook or the slides' own files are missing.
    """
    decks = [make_deck(lesson, solved(lesson)) for lesson in lessons]
    modules = fetch_modules()
    assets = folder / "assets"
    assets.mkdir(parents=True, exist_ok=True)
    for name, source in ASSETS.items():
        shutil.copyfile(modules / source, assets / name)
    for name in OWN:
        shutil.copyfile(DECK / name, assets / name)
    pages = Environment(loader=FileSystemLoader(DECK), autoescape=True, trim_blocks=True)
    written = [_write_figures(folder, deck) for deck in decks]
    for deck in written:
        page = pages.get_template("deck.html.j2").render(deck=deck)
        (folder / deck.file).write_text(page, encoding="utf-8")
    index = pages.get_template("index.html.j2").render(decks=written)
    (folder / "index.html").write_text(index, encoding="utf-8")
    return [folder / deck.file for deck in written]


def solved(lesson: str) -> dict[str, Any]:
    """Read a solved notebook, with its outputs. Raises QkvError."""
    path = course_folder() / "solutions" / f"{lesson}.ipynb"
    try:
        notebook: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise QkvError(
            f"The slides are made from {path}, which cannot be read. Start qkv in the course's "
            "folder, or name that folder in QKV_HOME."
        ) from None
    return notebook


def _write_figures(folder: Path, deck: Deck) -> Written:
    figures = folder / "figures"
    figures.mkdir(exist_ok=True)
    slides = []
    for at, slide in enumerate(deck.slides, start=1):
        name = f"{deck.number}-{at}.png"
        if slide.figure:
            (figures / name).write_bytes(slide.figure.png)
        slides.append(_as_shown(slide, f"figures/{name}"))
    return Written(
        f"{deck.lesson}.html", deck.number, deck.title, tuple(slides), deck.has_mathematics
    )


def _as_shown(slide: Slide, address: str) -> dict[str, Any]:
    shown: dict[str, Any] = {
        name: getattr(slide, name)
        for name in ("kind", "title", "html", "notes", "printed", "write")
    }
    if slide.figure is None:
        return {**shown, "figure": ""}
    width, height = slide.figure.size
    # On its own line, a figure takes the width; it needs few words above it.
    about = {
        "width": width,
        "height": height,
        "wide": width / height > WIDE and "<li>" not in slide.html,
    }
    return {**shown, **about, "figure": address, "alt": slide.figure.alt}


def fetch_modules() -> Path:
    """Give the folder with reveal.js and MathJax; npm brings them there the first time.

    Raises QkvError if they are not there and cannot be had.
    """
    home = course_folder() / ".qkv" / "slides"
    modules = home / "node_modules"
    lock = (DECK / "package-lock.json").read_bytes()
    stamp = home / "fetched.json"
    if stamp.is_file() and stamp.read_bytes() == lock:
        return modules
    npm = shutil.which("npm")
    if npm is None:
        raise QkvError(
            "The slides need reveal.js and MathJax, which npm brings, and npm is not installed "
            "here. Install Node.js 18 or newer, or copy .qkv/slides from a course where "
            "`qkv slides` has run."
        )
    home.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copyfile(DECK / name, home / name)
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    ran = subprocess.run(command, cwd=home, capture_output=True, text=True, check=False)
    if ran.returncode:
        said = (ran.stderr.strip() or ran.stdout.strip()).splitlines()[-1:]
        raise QkvError(
            f"npm could not fetch reveal.js and MathJax: {' '.join(said) or 'it did not say why'}\n"
            "This is needed once, with a network; then decks are made without it."
        )
    stamp.write_bytes(lock)
    return modules


def write_pdf(deck: Path) -> Path:
    """Print a deck to a PDF beside it, with Chromium. Raises QkvError."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        raise QkvError(
            f"Printing needs Chromium or Chrome, and neither is here. Open {deck.name}?print-pdf "
            "in a browser, and print it from there."
        )
    target = deck.with_suffix(".pdf")
    address = f"{deck.resolve().as_uri()}?print-pdf"
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer"]
    command = [browser, *flags, f"--print-to-pdf={target}", address]
    target.unlink(missing_ok=True)
    ran = subprocess.run(command, capture_output=True, check=False, timeout=120)
    slides = deck.read_text(encoding="utf-8").count("<section")
    if ran.returncode or not target.is_file() or pages_of(target) < slides:
        raise QkvError(
            f"{Path(browser).name} could not print {deck.name}. Open {deck.name}?print-pdf in a "
            "browser, and print it from there."
        )
    return target


def pages_of(pdf: Path) -> int:
    """Count the pages of a PDF that Chromium wrote."""
    return len(re.findall(rb"/Type\s*/Page\b", pdf.read_bytes()))
