"""Sine and cosine of all joints at once, in a form that the compiler turns into vector code.

The argument is reduced by a multiple of pi / 2 that is subtracted in two parts (W. J. Cody and
W. Waite, Software Manual for the Elementary Functions, 1980, chapter 8); on the remaining
|r| <= pi / 4 the polynomials are those of fdlibm's k_sin.c and k_cos.c (errors below 2^-57).
"""

from math import cos, sin

import numpy as np
from numpy.typing import NDArray

from ik_gd.core.kernels.compiled import kernel

Array = NDArray[np.float64]

_TWO_OVER_PI = 0.6366197723675814
_HALF_PI_HIGH = 1.57079632673412561417  # the first 33 bits: exact times any k < 2^20
_HALF_PI_LOW = 6.07710050650619224932e-11
_LARGEST = 1e5  # beyond it two parts of pi / 2 are not enough

_S1, _S2, _S3 = (
    -1.66666666666666324348e-01,
    8.33333333332248946124e-03,
    -1.98412698298579493134e-04,
)
_S4, _S5, _S6 = 2.75573137070700677e-06, -2.50507602534068634e-08, 1.58969099521155010e-10
_C1, _C2, _C3 = 4.16666666666666019e-02, -1.38888888888741096e-03, 2.48015872894767294e-05
_C4, _C5, _C6 = (
    -2.75573143513906633035e-07,
    2.08757232129817482790e-09,
    -1.13596475577881948265e-11,
)


@kernel(flags=frozenset({'contract'}))
def sines_and_cosines(angles: Array, sines: Array, cosines: Array, count: int) -> None:
    """Fill `sines` and `cosines` (count,) of `angles` (count,) [rad]; rounded to 2e-16."""
    largest = 0.0
    for i in range(count):
        x = angles[i]
        k = np.rint(x * _TWO_OVER_PI)
        r = (x - k * _HALF_PI_HIGH) - k * _HALF_PI_LOW
        z = r * r
        s = r + r * z * (_S1 + z * (_S2 + z * (_S3 + z * (_S4 + z * (_S5 + z * _S6)))))
        c = z * z * (_C1 + z * (_C2 + z * (_C3 + z * (_C4 + z * (_C5 + z * _C6)))))
        c = 1.0 - (0.5 * z - c)
        half = k * 0.5
        odd = half != np.floor(half)  # an odd multiple of pi / 2 swaps the two
        quarter = (half - np.floor(half)) + 2.0 * (0.5 * np.floor(half) - np.floor(0.5 * half))
        sine_sign = 1.0 if quarter < 1.0 else -1.0
        cosine_sign = 1.0 if (quarter == 0.0 or quarter > 1.0) else -1.0
        sines[i] = sine_sign * (c if odd else s)
        cosines[i] = cosine_sign * (s if odd else c)
        largest = max(largest, abs(x))
    if not largest <= _LARGEST:
        for i in range(count):
            sines[i], cosines[i] = sin(angles[i]), cos(angles[i])
