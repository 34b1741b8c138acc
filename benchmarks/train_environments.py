"""The environments of the peers of `train.py`, made on first use in the cache folder."""

import shutil
import subprocess
import sys
from pathlib import Path

from kseq2seq.data.cache import cache_folder

# OpenNMT-tf's last release takes TensorFlow up to 2.13, which knows no Python after 3.11.
OPENNMT = [
    "OpenNMT-tf==2.32.0",
    "tensorflow-cpu==2.12.1",
    "tensorflow-addons==0.21.0",
    "pyonmttok==1.38.1",
    "ctranslate2==3.24.0",
    "numpy==1.24.3",
    "protobuf==4.25.9",
]
PACKAGES = {"opennmt": OPENNMT, "torch": ["torch==2.13.0", "numpy"]}
PYTHONS = {"opennmt": ("3.11", "3.10"), "torch": None}  # None: the one that runs this


def interpreter(name: str) -> Path:
    """Returns the Python of a peer's environment, made if it isn't there."""
    home = cache_folder() / "peers" / name
    python = home / "bin" / "python"
    packages = "\n".join(PACKAGES[name]) + "\n"
    ready = home / "ready"
    if not ready.exists() or ready.read_text() != packages:
        print(f"Installing {', '.join(PACKAGES[name])} in {home}", flush=True)
        subprocess.run([base(PYTHONS[name]), "-m", "venv", "--clear", home], check=True)
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, *PACKAGES[name]], check=True)
        ready.write_text(packages)
    return python


def base(versions: tuple[str, ...] | None) -> str:
    """Returns a Python of one of these versions, or the running one."""
    if versions is None or f"{sys.version_info[0]}.{sys.version_info[1]}" in versions:
        return sys.executable
    for version in versions:
        found = shutil.which(f"python{version}")
        if found is None:
            continue
        made = subprocess.run([found, "-c", "import ensurepip"], capture_output=True)
        if not made.returncode:
            return found
    raise SystemExit(f"A peer needs Python {' or '.join(versions)} on the path; none is there.")
