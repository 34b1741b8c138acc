"""How much memory is available, and refusing work that needs more before it starts."""

from __future__ import annotations

import os
import re
from pathlib import Path

ASSUMED = 64 * 2**30  # bytes, where the system does not say
SMALL = 2**28  # bytes, for which it is hardly worth asking the system
_MEMINFO, _CGROUPS = Path("/proc/meminfo"), Path("/sys/fs/cgroup")


def check_memory(needed: int, what: str, advice: str) -> None:
    """Refuses work that needs more memory than this process can have.

    Args:
        needed: bytes, at least.
        what: the work, and the sizes that the number comes from.
        advice: what the user can change.

    Raises:
        ValueError: `needed` is more than `available_memory()`.

    Example:
        >>> from kseq2seq.memory import check_memory
        >>> check_memory(2**60, "A beam of 10**9", "Lower `beam_width`.")
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
    """Returns how many bytes of main memory this process can still have.

    It is the least that the system and its control groups (those of containers, for example) allow.
    Where only the size of the memory is known, that is returned; where nothing is, 64 GiB.

    Example:
        >>> from kseq2seq.memory import available_memory
        >>> available_memory() > 0
        True
    """
    sizes = [size for size in (_of_system(), *_of_groups()) if size is not None]
    return max(min(sizes, default=ASSUMED), 0)


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
    """What the limits of control groups leave: of version 2, and of version 1."""
    return [
        _left(_CGROUPS / "memory.max", _CGROUPS / "memory.current"),
        _left(_CGROUPS / "memory/memory.limit_in_bytes", _CGROUPS / "memory/memory.usage_in_bytes"),
    ]


def _left(limit: Path, used: Path) -> int | None:
    try:
        text = (used.parent / "memory.stat").read_text()
        files = re.search(r"^(?:total_)?inactive_file (\d+)", text, re.MULTILINE)
        reclaimable = int(files[1]) if files else 0  # freed when a process asks for memory
        return int(limit.read_text()) - int(used.read_text()) + reclaimable
    except (OSError, ValueError):  # no such group, or no limit: "max"
        return None
