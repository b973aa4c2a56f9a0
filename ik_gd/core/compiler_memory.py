"""Gives memory back that only the compiler needed."""

from __future__ import annotations

import ctypes
import re
import sys
from pathlib import Path

_MAPS = Path('/proc/self/maps')
# A line of /proc/self/maps: code of LLVM, which is never written to.
_COMPILER_CODE = re.compile(r'^([0-9a-f]+)-([0-9a-f]+) r-xp .*/libllvmlite\.so$')
_DONTNEED = 4  # MADV_DONTNEED of Linux


def release_compiler() -> None:
    """Let go of LLVM's own code, about 50 MB, once the kernels are compiled or loaded.

    They are pages of a file: where LLVM is needed once more, Linux reads them again.
    """
    if sys.platform != 'linux':
        return
    madvise = ctypes.CDLL(None).madvise
    madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    for line in _MAPS.read_text().splitlines():
        found = _COMPILER_CODE.match(line)
        if found is not None:
            start, end = (int(address, 16) for address in found.groups())
            madvise(start, end - start, _DONTNEED)
