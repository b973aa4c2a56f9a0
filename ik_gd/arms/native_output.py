"""What C libraries print, caught before it reaches the user's terminal."""

from __future__ import annotations

import ctypes
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def native_output_caught() -> Iterator[list[str]]:
    """Catch what is written to the process's stdout and stderr, also by C code.

    All threads are affected: meant for the moments of start and end.

    Yields:
        A list that holds the lines that were written, once the block is left.
    """
    lines: list[str] = []
    with tempfile.TemporaryFile() as caught:
        sys.stdout.flush()
        sys.stderr.flush()
        saved = [(number, os.dup(number)) for number in (1, 2)]
        try:
            for number, _ in saved:
                os.dup2(caught.fileno(), number)
            yield lines
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            ctypes.CDLL(None).fflush(None)  # the C library has a buffer of its own
            for number, copy in saved:
                os.dup2(copy, number)
                os.close(copy)
            caught.seek(0)
            lines += [line for line in caught.read().decode(errors='replace').splitlines() if line]
