"""The decorator of every kernel: compiled once, kept on disk, renewed when any kernel changes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from numba import njit
from numba.core.options import DefaultOptions

_F = TypeVar('_F', bound=Callable[..., Any])

# Reorder and fuse arithmetic, but keep NaN and infinity: a kernel must see bad numbers.
FAST = frozenset({'contract', 'reassoc', 'nsz', 'arcp'})
# Keep the order of roundings: for limits that must hold to the last digits.
EXACT = frozenset({'contract'})


# An option that numba has had for ten years, but does not promise: without it kernels are slower.
_CAN_BORROW = hasattr(DefaultOptions, '_nrt')


def _newest_source() -> tuple[float, int]:
    """Return a stamp (time, total size) of all kernel sources."""
    stats = [path.stat() for path in Path(__file__).parent.glob('*.py')]
    return max(stat.st_mtime for stat in stats), sum(stat.st_size for stat in stats)


_STAMP = _newest_source()


def kernel(
    function: _F | None = None,
    *,
    flags: frozenset[str] = FAST,
    allocates: bool = False,
    **options: Any,
) -> Any:
    """Compile `function` without bounds checks and keep the machine code on disk.

    Arrays are borrowed from the caller: a kernel counts no references to them. Numba otherwise
    does so with two locked instructions for every view of every row, which took more than half
    of a descent's time. Only what makes arrays needs the counts; and what counts them must not
    take a view from what does not.

    Numba renews a cached function when its own file changes, not when a function that it calls
    in another file does. A kernel is therefore stamped with the newest source of this package.

    Args:
        function: over arrays and scalars.
        flags: what the compiler may do to arithmetic; without 'reassoc' where the order of
            roundings matters.
        allocates: whether it makes arrays, or returns them to Python.
        options: further options of numba.njit.
    """
    if function is None:
        return lambda f: kernel(f, flags=flags, allocates=allocates, **options)
    if not allocates and _CAN_BORROW:
        options['_nrt'] = False
    dispatcher = njit(cache=True, error_model='numpy', fastmath=set(flags), **options)(function)
    cache_file = getattr(getattr(dispatcher, '_cache', None), '_cache_file', None)
    if cache_file is not None:  # without it (another numba) caching works, renewal is numba's own
        cache_file._source_stamp = (cache_file._source_stamp, _STAMP)
    return dispatcher
