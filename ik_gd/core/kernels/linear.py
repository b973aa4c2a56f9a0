"""The small symmetric system that turns a residual into a step.

A damped least-squares step over n joints needs (C C^T + lambda I) y = e and C y, where C^T is
the residual's derivative (6, n): a 6 x 6 system however many joints there are
(Y. Nakamura and H. Hanafusa, Inverse kinematic solutions with singularity robustness, 1986).
"""

import numpy as np
from numpy.typing import NDArray

from ik_gd.core.kernels.compiled import kernel

Array = NDArray[np.float64]


@kernel
def gram(columns: Array, free: Array, G: Array) -> None:
    """Fill the lower triangle of `G` (6, 6) with the sum of c c^T over the free columns c."""
    for a in range(6):
        for b in range(a + 1):
            G[a, b] = 0.0
    for j in range(columns.shape[0]):
        if free[j] != 0.0:
            c = columns[j]
            for a in range(6):
                for b in range(a + 1):
                    G[a, b] += c[a] * c[b]


@kernel
def solve_damped(G: Array, damping: float, L: Array, right: Array, y: Array) -> None:
    """Solve (G + damping I) y = right by the square-root-free Cholesky factorisation.

    Args:
        G: (6, 6), its lower triangle is read.
        damping: > 0.
        L: (6, 6) scratch: the factor below the diagonal, inverse pivots on it.
        right: (6,).
        y: (6,) out.
    """
    for a in range(6):
        for b in range(a):
            total = G[a, b]
            for k in range(b):
                total -= L[a, k] * L[k, b]  # above the diagonal: pivot * factor
            L[b, a] = total
            L[a, b] = total * L[b, b]
        pivot = G[a, a] + damping
        for k in range(a):
            pivot -= L[a, k] * L[k, a]
        L[a, a] = 1.0 / max(pivot, 0.5 * damping)  # rounding must not turn the sign
    for a in range(6):
        total = right[a]
        for k in range(a):
            total -= L[a, k] * y[k]
        y[a] = total
    for a in range(6):
        y[a] *= L[a, a]
    for a in range(4, -1, -1):
        for k in range(a + 1, 6):
            y[a] -= L[k, a] * y[k]
