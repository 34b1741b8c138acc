"""How much memory there is, and refusing what needs more, before any of it is taken."""

from __future__ import annotations

import os
import re
from pathlib import Path

ASSUMED = 64 * 2**30  # bytes, where the system does not say
SMALL = 2**28  # bytes, for which it is hardly worth asking the system
_MEMINFO, _CGROUPS = Path("/proc/meminfo"), Path("/sys/fs/cgroup")


def check_memory(needed: int, what: str, advice: str) -> None:
    """Refuses what needs more memory than this process can take.

    Args:
        needed: bytes, at least.
        what: names what needs them, and what the number is made of.
        advice: what to change.

    Raises:
        ValueError: `needed` is more than `available_memory()`.

    Example:
        >>> from kseq2seq.memory import check_memory
        >>> check_memory(2**60, "A beam of 10**9", "Lower `width`.")
        Traceback (most recent call last):
            ...
        ValueError: A beam of 10**9 needs at least 1,073,741,824.0 GiB of memory, and ...
    """
    if needed < SMALL:
        return
    available = available_memory()
    if needed > available:
        raise ValueError(
            f"{what} needs at least {gib(needed)} of memory, and {gib(available)} is available. "
            f"{advice}"
        )


def gib(size: int) -> str:
    """Returns a number of bytes for a person to read.

    Example:
        >>> from kseq2seq.memory import gib
        >>> gib(3 * 2**29)
        '1.5 GiB'
    """
    return f"{size / 2**30:,.1f} GiB"


def available_memory() -> int:
    """Returns how many bytes of main memory this process can still take.

    It is the least of what the system and its control groups (as containers have) allow; where
    only the size of the memory is known, that; where nothing is, 64 GiB.

    Example:
        >>> from kseq2seq.memory import available_memory
        >>> available_memory() > 0
        True
    """
    found = [size for size in (_of_system(), *_of_groups()) if size is not None]
    return max(min(found, default=ASSUMED), 0)


def _of_system() -> int | None:
    try:
        text = _MEMINFO.read_text()
        return 1024 * int(re.search(r"MemAvailable:\s+(\d+) kB", text)[1])  # type: ignore[index]
    except (OSError, TypeError, ValueError):
        pass
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return None


def _of_groups() -> list[int | None]:
    """What the limits of control groups leave, in the layouts of both of their versions."""
    return [
        _left(_CGROUPS / "memory.max", _CGROUPS / "memory.current"),
        _left(_CGROUPS / "memory/memory.limit_in_bytes", _CGROUPS / "memory/memory.usage_in_bytes"),
    ]


def _left(limit: Path, used: Path) -> int | None:
    try:
        text = (used.parent / "memory.stat").read_text()
        files = re.search(r"^(?:total_)?inactive_file (\d+)", text, re.MULTILINE)
        given_back = int(files[1]) if files else 0  # when a process asks for it
        return int(limit.read_text()) - int(used.read_text()) + given_back
    except (OSError, ValueError):  # no such group, or no limit: "max"
        return None
