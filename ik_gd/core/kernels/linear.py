"""The small symmetric system that turns a residual into a step.

A damped least-squares step over n joints needs (C^T C + lambda I) y = e and C y, where C (n, 6) is
the residual's derivative: a 6 x 6 system however many joints there are (Y. Nakamura and
H. Hanafusa, Inverse kinematic solutions with singularity robustness for robot manipulator control,
1986). It is solved by L D L^T (G. Golub and C. Van Loan, Matrix Computations, 2013, section 4.1).
"""

import numpy as np
from numpy.typing import NDArray

from ik_gd.core.kernels.compiled import kernel

Array = NDArray[np.float64]
Six = tuple[float, float, float, float, float, float]


@kernel
def solve_damped(columns: Array, free: Array, right: Array, damping: float) -> Six:
    """Return y of (sum of free_j c_j c_j^T + damping I) y = right.

    Written out, for it is the heart of every iteration: the 21 sums stay in registers, which
    makes it two to three times as fast as the same in loops over an array.

    Args:
        columns: (n, 6), row j is c_j.
        free: (n,) 1 to count a column, 0 to leave it out.
        right: (6,).
        damping: > 0.
    """
    a00 = a11 = a22 = a33 = a44 = a55 = damping
    a10 = a20 = a30 = a40 = a50 = 0.0
    a21 = a31 = a41 = a51 = 0.0
    a32 = a42 = a52 = 0.0
    a43 = a53 = a54 = 0.0
    for j in range(columns.shape[0]):
        c, f = columns[j], free[j]
        c0, c1, c2, c3, c4, c5 = f * c[0], f * c[1], f * c[2], f * c[3], f * c[4], f * c[5]
        a00, a10, a20, a30 = a00 + c0 * c0, a10 + c1 * c0, a20 + c2 * c0, a30 + c3 * c0
        a40, a50, a11, a21 = a40 + c4 * c0, a50 + c5 * c0, a11 + c1 * c1, a21 + c2 * c1
        a31, a41, a51, a22 = a31 + c3 * c1, a41 + c4 * c1, a51 + c5 * c1, a22 + c2 * c2
        a32, a42, a52, a33 = a32 + c3 * c2, a42 + c4 * c2, a52 + c5 * c2, a33 + c3 * c3
        a43, a53, a44, a54 = a43 + c4 * c3, a53 + c5 * c3, a44 + c4 * c4, a54 + c5 * c4
        a55 += c5 * c5
    least = 0.5 * damping  # of a pivot: rounding must not turn its sign
    p0 = 1.0 / max(a00, least)
    l10, l20, l30, l40, l50 = p0 * a10, p0 * a20, p0 * a30, p0 * a40, p0 * a50
    p1 = 1.0 / max(a11 - l10 * a10, least)
    a21, a31 = a21 - l20 * a10, a31 - l30 * a10
    a41, a51 = a41 - l40 * a10, a51 - l50 * a10
    l21, l31, l41, l51 = p1 * a21, p1 * a31, p1 * a41, p1 * a51
    p2 = 1.0 / max(a22 - l20 * a20 - l21 * a21, least)
    a32 -= l30 * a20 + l31 * a21
    a42 -= l40 * a20 + l41 * a21
    a52 -= l50 * a20 + l51 * a21
    l32, l42, l52 = p2 * a32, p2 * a42, p2 * a52
    p3 = 1.0 / max(a33 - l30 * a30 - l31 * a31 - l32 * a32, least)
    a43 -= l40 * a30 + l41 * a31 + l42 * a32
    a53 -= l50 * a30 + l51 * a31 + l52 * a32
    l43, l53 = p3 * a43, p3 * a53
    p4 = 1.0 / max(a44 - l40 * a40 - l41 * a41 - l42 * a42 - l43 * a43, least)
    a54 -= l50 * a40 + l51 * a41 + l52 * a42 + l53 * a43
    l54 = p4 * a54
    p5 = 1.0 / max(a55 - l50 * a50 - l51 * a51 - l52 * a52 - l53 * a53 - l54 * a54, least)
    y0 = right[0]
    y1 = right[1] - l10 * y0
    y2 = right[2] - l20 * y0 - l21 * y1
    y3 = right[3] - l30 * y0 - l31 * y1 - l32 * y2
    y4 = right[4] - l40 * y0 - l41 * y1 - l42 * y2 - l43 * y3
    y5 = p5 * (right[5] - l50 * y0 - l51 * y1 - l52 * y2 - l53 * y3 - l54 * y4)
    y4 = p4 * y4 - l54 * y5
    y3 = p3 * y3 - l53 * y5 - l43 * y4
    y2 = p2 * y2 - l52 * y5 - l42 * y4 - l32 * y3
    y1 = p1 * y1 - l51 * y5 - l41 * y4 - l31 * y3 - l21 * y2
    y0 = p0 * y0 - l50 * y5 - l40 * y4 - l30 * y3 - l20 * y2 - l10 * y1
    return y0, y1, y2, y3, y4, y5
