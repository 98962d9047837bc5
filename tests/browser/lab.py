"""Start and stop a JupyterLab that shares no settings with the one of whoever runs the tests."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qkv_course.cli import SETTINGS

ROOT = Path(__file__).parents[2]
FOLDERS = {
    "JUPYTER_CONFIG_DIR": "config",
    "JUPYTER_DATA_DIR": "data",
    "JUPYTER_RUNTIME_DIR": "runtime",
    "JUPYTERLAB_SETTINGS_DIR": "settings",
    "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
    "IPYTHONDIR": "ipython",
    "QKV_HOME": "qkv",
}


@dataclass(frozen=True)
class Lab:
    """A running JupyterLab: its address and the folder that it serves."""

    url: str
    root: Path

    def owns(self, url: str) -> bool:
        """Say whether an address is the lab's own."""
        return url.startswith((self.url, self.url.replace("http", "ws"), "data:", "blob:"))


@contextmanager
def running_lab(home: Path) -> Iterator[Lab]:
    """Run a JupyterLab that keeps all its files below `home`."""
    root, log, url = home / "work", home / "lab.log", f"http://127.0.0.1:{free_port()}"
    root.mkdir()
    command = [
        *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"),
        *("--ip=127.0.0.1", f"--port={url.rpartition(':')[2]}", "--ServerApp.port_retries=0"),
        *("--IdentityProvider.token=", f"--ServerApp.root_dir={root}"),
        "--expose-app-in-browser",
    ]
    with log.open("w") as output:
        server = subprocess.Popen(
            command, env=environment(home), stdout=output, stderr=subprocess.STDOUT
        )
    try:
        wait_for(url, server, log)
        yield Lab(url, root)
    finally:
        server.terminate()
        server.wait(20)


def free_port() -> int:
    """Find a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def environment(home: Path) -> dict[str, str]:
    """Give the server's environment: folders of its own, `qkv lab`'s settings, this checkout."""
    own = {name: str(home / folder) for name, folder in FOLDERS.items()}
    path = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    python = {"PYTHONPATH": os.pathsep.join(path), "JUPYTER_CONFIG_PATH": str(SETTINGS)}
    return {**os.environ, **own, **python}


def wait_for(url: str, server: "subprocess.Popen[bytes]", log: Path) -> None:
    """Wait until the server answers."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(f"{url}/api/status", timeout=5).close()
            return
        except OSError:
            assert server.poll() is None, f"JupyterLab stopped:\n{log.read_text()}"
            time.sleep(0.1)
    raise AssertionError(f"JupyterLab did not answer:\n{log.read_text()}")


def wait_for_rest(page: Any) -> None:
    """Wait until all moves have been sent to Python, which takes messages in order."""
    moving = "(root) => Object.keys(root.__qkv.moving).length"
    page.wait_for_function(f"() => ![...document.querySelectorAll('.qkv')].some({moving})")
