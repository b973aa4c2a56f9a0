"""Time-optimal joint motion within velocity, acceleration and position limits, compiled.

A step is made of phases of constant acceleration, so its state after any dt, short or late,
is exact: a sample of one curve whose derivatives keep the limits. The curve to a goal that
moves evenly is, seen from the goal: brake to the allowed speed, accelerate, cruise, brake.
Source: T. Kroeger, On-Line Trajectory Generation in Robotic Systems, 2010, chapter 4 (type II).

Braking distances make the position limits safe: after every step each joint could still stop
at full acceleration inside its limits, whenever the next step may come.
"""

from math import inf, sqrt

import numpy as np
from numpy.typing import NDArray

from ik_gd.core.kernels.compiled import EXACT, kernel

Array = NDArray[np.float64]

# Rows of `bounds` (4, n).
LOWER, UPPER, SPEED, ACCELERATION = range(4)
# Rows of one joint's `phases` (2, PHASES): how long [s] at which acceleration.
DURATION, RATE = range(2)
PHASES = 5
_PARALLEL = 1e-10  # how far from one line a joint may be, of the speed change of one step
_ON_THE_CURVE = 1.0 + 1e-6  # a braking distance that is equal but for rounding


@kernel(flags=EXACT)
def plan(x: float, w: float, slowest: float, fastest: float, limit: float, phases: Array) -> None:
    """Write the quickest phases that bring a position and a velocity to zero together.

    Args:
        x: position relative to the goal.
        w: velocity relative to the goal's.
        slowest: lower bound of w, not above 0.
        fastest: upper bound of w, not below 0.
        limit: bound of the acceleration's magnitude, above 0.
        phases: (2, PHASES) out; the last lasts for ever, at rest on the goal.
    """
    phases[DURATION, 0], phases[RATE, 0] = 0.0, 0.0
    allowed = min(max(w, slowest), fastest)
    if w != allowed:
        duration = abs(w - allowed) / limit
        phases[DURATION, 0] = duration
        phases[RATE, 0] = -limit if w > allowed else limit
        x += 0.5 * (w + allowed) * duration
        w = allowed
    toward = 1.0 if x + 0.5 * w * abs(w) / limit < 0.0 else -1.0
    distance, speed = -toward * x, toward * w
    cap = fastest if toward > 0.0 else -slowest
    peak = sqrt(max(limit * distance + 0.5 * speed * speed, 0.0))
    cruise = 0.0
    if peak > cap:
        peak = cap
        rest = distance - (cap * cap - 0.5 * speed * speed) / limit
        cruise = rest / cap if cap > 0.0 else inf
    phases[DURATION, 1], phases[RATE, 1] = max(peak - speed, 0.0) / limit, toward * limit
    phases[DURATION, 2], phases[RATE, 2] = cruise, 0.0
    phases[DURATION, 3], phases[RATE, 3] = peak / limit, -toward * limit
    phases[DURATION, 4], phases[RATE, 4] = inf, 0.0


@kernel(flags=EXACT)
def advance(x: float, w: float, phases: Array, dt: float) -> tuple[float, float]:
    """Return position and velocity after `dt` of phases that end at rest in zero."""
    for i in range(PHASES - 1):
        t = min(phases[DURATION, i], dt)
        a = phases[RATE, i]
        x += (w + 0.5 * a * t) * t
        w += a * t
        dt -= t
        if dt <= 0.0:
            return x, w
    return 0.0, 0.0


@kernel(flags=EXACT)
def joint_toward(
    p: float, v: float, goal: float, goal_velocity: float, bounds: Array, dt: float, phases: Array
) -> tuple[float, float]:
    """Return one joint's position and velocity after `dt` on the quickest way to its goal.

    Args:
        p: position; with `v` such that the joint could stop inside its limits.
        v: velocity.
        goal: where the goal is at the end of the step.
        goal_velocity: how it moves.
        bounds: (4,) this joint's column.
        dt: how long the step lasts [s].
        phases: (2, PHASES) out.
    """
    speed, limit = bounds[SPEED], bounds[ACCELERATION]
    lower, upper = reachable_limits(p, v, bounds)
    gv = min(max(goal_velocity, -speed), speed)
    g = min(max(goal, bounds[LOWER]), bounds[UPPER])
    if g != goal:
        gv = 0.0
    plan(p - (g - gv * dt), v - gv, -speed - gv, speed - gv, limit, phases)
    x, w = advance(p - (g - gv * dt), v - gv, phases, dt)
    p_next, v_next = g + x, gv + w
    leaves = leaving(p, v, phases, 1.0, dt, lower, upper, limit) if gv != 0.0 else 0
    if leaves != 0:
        g = upper if leaves > 0 else lower
        plan(p - g, v, -speed, speed, limit, phases)
        x, v_next = advance(p - g, v, phases, dt)
        p_next = g + x
    return min(max(p_next, min(lower, p)), max(upper, p)), v_next


@kernel(flags=EXACT)
def reachable_limits(p: float, v: float, bounds: Array) -> tuple[float, float]:
    """Return the joint's limits, widened to where it can stop at best if it is beyond them."""
    stop = p + 0.5 * v * abs(v) / bounds[ACCELERATION]
    return min(bounds[LOWER], stop, p), max(bounds[UPPER], stop, p)


@kernel(flags=EXACT)
def leaving(
    p: float, v: float, phases: Array, ratio: float, dt: float, lower: float, upper: float,
    limit: float,
) -> int:  # fmt: skip
    """Return 1 or -1 if a joint could no longer stop below `upper` or above `lower`, else 0.

    Where it would stop changes one way only within a phase, so the ends of phases tell all.

    Args:
        p: position.
        v: velocity.
        phases: (2, PHASES) times `ratio`.
        ratio: of the joint's accelerations to those of `phases`.
        dt: how much of the phases to look at [s].
        lower: position limit.
        upper: position limit.
        limit: bound of the acceleration's magnitude.
    """
    for i in range(PHASES):
        t, a = min(phases[DURATION, i], dt), ratio * phases[RATE, i]
        p += (v + 0.5 * a * t) * t
        v += a * t
        dt -= t
        stop = p + 0.5 * v * abs(v) / limit
        if stop > upper:
            return 1
        if stop < lower:
            return -1
        if dt <= 0.0:
            break
    return 0


@kernel(flags=EXACT)
def toward_on_a_line(
    position: Array,
    velocity: Array,
    goal: Array,
    goal_velocity: Array,
    bounds: Array,
    dt: float,
    phases: Array,
) -> bool:
    """Make the step on the straight line of joint space, if the joints are moving along it.

    Args:
        position: (n,) in and out.
        velocity: (n,) in and out.
        goal: (n,) where the goal is at the end of the step.
        goal_velocity: (n,) how it moves.
        bounds: (4, n).
        dt: how long the step lasts [s].
        phases: (n, 2, PHASES) out.

    Returns:
        False, with the state as it was, where there is no such line, it would leave a limit, or
        the joints together cannot stop at the goal and each alone perhaps can.
    """
    n = position.shape[0]
    lead, longest = -1, 0.0
    for i in range(n):
        if goal[i] < bounds[LOWER, i] or goal[i] > bounds[UPPER, i]:
            return False
        away = abs(position[i] - goal[i] + goal_velocity[i] * dt) / bounds[ACCELERATION, i]
        if away > longest:
            lead, longest = i, away
    if lead < 0:
        return False
    lead_x = position[lead] - goal[lead] + goal_velocity[lead] * dt
    lead_w = velocity[lead] - goal_velocity[lead]
    slowest, fastest, limit = -inf, inf, inf
    for i in range(n):
        ratio = (position[i] - goal[i] + goal_velocity[i] * dt) / lead_x
        gv, speed = goal_velocity[i], bounds[SPEED, i]
        off = abs(velocity[i] - gv - ratio * lead_w)
        if off > _PARALLEL * bounds[ACCELERATION, i] * dt or abs(gv) > speed:
            return False
        if ratio == 0.0:
            continue
        ends = (-speed - gv) / ratio, (speed - gv) / ratio
        slowest, fastest = max(slowest, min(ends)), min(fastest, max(ends))
        limit = min(limit, bounds[ACCELERATION, i] / abs(ratio))
    limit *= 1.0 - 10.0 * _PARALLEL
    if lead_x * lead_w < 0.0 and 0.5 * lead_w * lead_w > limit * abs(lead_x) * _ON_THE_CURVE:
        return False
    plan(lead_x, lead_w, slowest, fastest, limit, phases[lead])
    x, w = advance(lead_x, lead_w, phases[lead], dt)
    for i in range(n):
        p, v = position[i], velocity[i]
        lower, upper = reachable_limits(p, v, bounds[:, i])
        ratio = (p - goal[i] + goal_velocity[i] * dt) / lead_x
        if leaving(p, v, phases[lead], ratio, dt, lower, upper, bounds[ACCELERATION, i]) != 0:
            return False
    for i in range(n):
        ratio = (position[i] - goal[i] + goal_velocity[i] * dt) / lead_x
        position[i], velocity[i] = goal[i] + ratio * x, goal_velocity[i] + ratio * w
        if i != lead:
            for k in range(PHASES):
                phases[i, DURATION, k] = phases[lead, DURATION, k]
                phases[i, RATE, k] = ratio * phases[lead, RATE, k]
    return True


@kernel(flags=EXACT)
def toward(
    position: Array,
    velocity: Array,
    goal: Array,
    goal_velocity: Array,
    bounds: Array,
    dt: float,
    together: bool,
    phases: Array,
) -> None:
    """Move all joints for `dt` toward a moving goal: together where they can, else each alone.

    Args: as of `toward_on_a_line`; a goal outside the limits is taken to the nearest limit.
    """
    if together and toward_on_a_line(position, velocity, goal, goal_velocity, bounds, dt, phases):
        return
    for i in range(position.shape[0]):
        position[i], velocity[i] = joint_toward(
            position[i], velocity[i], goal[i], goal_velocity[i], bounds[:, i], dt, phases[i]
        )


@kernel(flags=EXACT)
def brake(position: Array, velocity: Array, bounds: Array, dt: float, phases: Array) -> None:
    """Move all joints for `dt` as they come to rest at full acceleration."""
    for i in range(position.shape[0]):
        v, limit = velocity[i], bounds[ACCELERATION, i]
        phases[i, DURATION] = 0.0
        phases[i, RATE] = 0.0
        phases[i, DURATION, 0] = abs(v) / limit
        phases[i, RATE, 0] = -limit if v > 0.0 else limit
        phases[i, DURATION, PHASES - 1] = inf
        stop = position[i] + 0.5 * v * abs(v) / limit
        x, velocity[i] = advance(position[i] - stop, v, phases[i], dt)
        position[i] = stop + x
