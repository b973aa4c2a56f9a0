"""Many targets over all cores; imported only on demand, for threads cost memory and time."""

import numpy as np
from numba import prange
from numpy.typing import NDArray

from ik_gd.core.kernels.compiled import kernel
from ik_gd.core.kernels.model import unpack
from ik_gd.core.kernels.solve import CODE, solve_one

Array = NDArray[np.float64]
Array32 = NDArray[np.float32]


@kernel
def solve_share(
    packed: Array,
    limits: Array,
    ranking: Array32,
    work: Array,
    targets: Array,
    starts: Array,
    begin: int,
    fields: Array,
    joints: Array,
    thread: int,
    threads: int,
) -> int:
    """Solve every `threads`-th target from `thread` on; arguments as for solve_many."""
    model, n = unpack(packed), limits.shape[1]
    bad = -1
    for i in range(thread, targets.shape[0], threads):
        start = starts[i % starts.shape[0]]
        found = solve_one(model, limits[0], limits[1], ranking, work, targets[i], start, begin, 0)
        if found[CODE] < 0:
            bad = i
        row = fields[i]
        row[0], row[1], row[2], row[3], row[4], row[5] = found
        for j in range(n):
            joints[i, j] = work[j]
    return bad


@kernel(parallel=True, allocates=True)
def solve_many(
    packed: Array,
    limits: Array,
    rankings: Array32,
    works: Array,
    targets: Array,
    starts: Array,
    begin: int,
    fields: Array,
    joints: Array,
) -> int:
    """Solve N targets; as solve.solve for each, whichever thread takes it.

    Args:
        packed: see model.pack.
        limits: (2, n).
        rankings: (threads, ranking_size), one row of work space each.
        works: (threads, work_size).
        targets: (N, 4, 4).
        starts: (N, n), or (1, n) for all.
        begin: solve.ANYWHERE or START_FIRST.
        fields: (N, OUTCOME_WIDTH) out.
        joints: (N, n) out.

    Returns:
        -1, or the index of a target or start that cannot be used.
    """
    threads = works.shape[0]
    bad = np.full(threads, -1)
    for thread in prange(threads):
        bad[thread] = solve_share(
            packed,
            limits,
            rankings[thread],
            works[thread],
            targets,
            starts,
            begin,
            fields,
            joints,
            thread,
            threads,
        )
    return bad.max()
