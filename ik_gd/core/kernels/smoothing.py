"""A jerk limit: the running mean, over a fixed time, of an acceleration-limited motion.

The mean over T of a motion keeps its limits of position, velocity and acceleration, does not
overshoot where the motion does not, and its acceleration changes by at most twice the bound
in T. Its own delay of T / 2 is known and can be led.
Source: L. Biagiotti and C. Melchiorri, FIR filters for online trajectory planning with
time- and frequency-domain specifications, Control Engineering Practice 20, 2012.
"""

from math import inf

import numpy as np
from numpy.typing import NDArray

from ik_gd.core.kernels.compiled import EXACT, kernel
from ik_gd.core.kernels.motion import ACCELERATION as ACCELERATION_LIMIT
from ik_gd.core.kernels.motion import DURATION, PHASES, RATE, brake, toward

Array = NDArray[np.float64]

# One remembered piece of a joint's motion: duration [s], and its start.
SPAN, START, VELOCITY, ACCELERATION = range(4)
WIDTH = 4


@kernel(flags=EXACT)
def forget(history: Array, newest: NDArray[np.int64], position: Array) -> None:
    """Make the past one of rest at `position` (n,)."""
    for i in range(position.shape[0]):
        newest[i] = 0
        history[i, 0, SPAN] = inf
        history[i, 0, START] = position[i]
        history[i, 0, VELOCITY] = 0.0
        history[i, 0, ACCELERATION] = 0.0


@kernel(flags=EXACT)
def remember(
    history: Array,
    newest: NDArray[np.int64],
    position: Array,
    velocity: Array,
    phases: Array,
    dt: float,
) -> None:
    """Append the phases of a step that began at `position` and `velocity` (n,).

    Args:
        history: (n, size, WIDTH) a ring of pieces for each joint.
        newest: (n,) the index of each ring's newest piece.
        position: (n,) at the start of the step.
        velocity: (n,) at the start of the step.
        phases: (n, 2, PHASES) how the joints moved.
        dt: how long the step lasted [s].
    """
    size = history.shape[1]
    for i in range(position.shape[0]):
        p, v, left = position[i], velocity[i], dt
        for k in range(PHASES):
            t, a = min(phases[i, DURATION, k], left), phases[i, RATE, k]
            if t <= 0.0:
                continue
            newest[i] = (newest[i] + 1) % size
            piece = history[i, newest[i]]
            piece[SPAN], piece[START], piece[VELOCITY], piece[ACCELERATION] = t, p, v, a
            p += (v + 0.5 * a * t) * t
            v += a * t
            left -= t


@kernel(flags=EXACT)
def mean(
    history: Array,
    newest: NDArray[np.int64],
    position: Array,
    velocity: Array,
    window: float,
    out_position: Array,
    out_velocity: Array,
) -> None:
    """Write the mean of the motion over the last `window` seconds, and its derivative.

    Args:
        history: (n, size, WIDTH).
        newest: (n,).
        position: (n,) where the motion is now.
        velocity: (n,) how fast it is now.
        window: T [s], above 0.
        out_position: (n,) out.
        out_velocity: (n,) out.
    """
    size = history.shape[1]
    for i in range(position.shape[0]):
        left, area, then = window, 0.0, position[i]
        k = newest[i]
        for _ in range(size):
            piece = history[i, k]
            span, start, v, a = piece[SPAN], piece[START], piece[VELOCITY], piece[ACCELERATION]
            behind = position[i] - start
            if span == inf:
                area += behind * left
                then = start
                break
            # The part of the piece inside the window is from its time t0 to its end.
            t0 = max(span - left, 0.0)
            area += behind * (span - t0) - v * (span**2 - t0**2) / 2 - a * (span**3 - t0**3) / 6
            then = start + (v + 0.5 * a * t0) * t0
            left -= span - t0
            if left <= 0.0:
                break
            k = (k - 1) % size
        out_position[i] = position[i] - area / window
        out_velocity[i] = (position[i] - then) / window


@kernel(flags=EXACT, allocates=True)
def ahead(
    goal: Array, velocity: Array, before: Array, bounds: Array, dt: float, window: float
) -> Array:
    """Return where to move so that the mean is on the goal (n,), if that goes on as it does.

    The mean of a quadratic motion over T is what it was T / 2 ago plus acceleration T^2 / 24.

    Args:
        goal: (n,) where the goal is at the end of the step.
        velocity: (n,) how it moves.
        before: (n,) how it moved in the step before.
        bounds: (4, n), see kernels/motion.py.
        dt: how long the step lasts [s].
        window: T [s].
    """
    lead = goal + velocity * (0.5 * window)
    for i in range(goal.shape[0]):
        bend = (velocity[i] - before[i]) / dt
        even = velocity[i] != 0.0 and before[i] != 0.0
        if even and abs(bend) <= bounds[ACCELERATION_LIMIT, i]:
            lead[i] += bend * window * window / 12.0
    return lead


@kernel(flags=EXACT, allocates=True)
def step(
    inner: Array,
    outer: Array,
    goal: Array,
    goal_velocity: Array,
    velocity_before: Array,
    bounds: Array,
    times: Array,
    flags: Array,
    phases: Array,
    history: Array,
    newest: NDArray[np.int64],
) -> bool:
    """Move on all joints: `inner` within its limits, `outer` as its mean.

    Args:
        inner: (2, n) position and velocity, in and out.
        outer: (2, n) out.
        goal: (n,) where the goal is at the end of the step.
        goal_velocity: (n,) how it moves.
        velocity_before: (n,) how it moved in the step before.
        bounds: (4, n), see kernels/motion.py.
        times: (3,) how long the step lasts, the part of it to spend moving, the window T [s].
        flags: (3,) brake instead; keep the joints together; lead the goal by the mean's delay.
        phases: (n, 2, PHASES) scratch.
        history: (n, size, WIDTH).
        newest: (n,).

    Returns:
        Whether `inner` was at rest all the time.
    """
    window = times[2]
    first = inner.copy()
    moving = 0.0 if flags[0] != 0.0 else min(times[0], times[1])
    if moving > 0.0:
        lead = goal
        if window > 0.0 and flags[2] != 0.0:
            lead = ahead(goal, goal_velocity, velocity_before, bounds, times[0], window)
        toward(inner[0], inner[1], lead, goal_velocity, bounds, moving, flags[1] != 0.0, phases)
        if window > 0.0:
            remember(history, newest, first[0], first[1], phases, moving)
    braking = times[0] - moving
    if braking > 0.0:
        start = inner.copy()
        brake(inner[0], inner[1], bounds, braking, phases)
        if window > 0.0:
            remember(history, newest, start[0], start[1], phases, braking)
    if window > 0.0:
        mean(history, newest, inner[0], inner[1], window, outer[0], outer[1])
    else:
        outer[:, :] = inner
    rested = True
    for i in range(inner.shape[1]):
        still = first[1, i] == 0.0 and inner[1, i] == 0.0 and inner[0, i] == first[0, i]
        rested = rested and still
    return rested
