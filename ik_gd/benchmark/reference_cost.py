"""The weighted pose cost as scipy's bounded least squares sees it: residuals and their Jacobian.

Written from the definition of the cost, apart from the solver. Compiled, for 200 starts a case;
only forward kinematics and its Jacobian are shared with the solver (tests hold those against
Pinocchio).
"""

from __future__ import annotations

from math import sin, tan

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.optimize import least_squares

from ik_gd.benchmark.arms import BenchArm
from ik_gd.core.kernels import kinematics

Array = NDArray[np.float64]


@njit(cache=True)
def rotation_vector(R: Array) -> Array:
    """Return the rotation vector (3,) [rad] of a rotation matrix, right up to pi."""
    w = np.array([R[2, 1] - R[1, 2], R[0, 2] - R[2, 0], R[1, 0] - R[0, 1]])
    twice_sine = np.sqrt(np.sum(w**2))
    angle = np.arctan2(twice_sine, np.trace(R) - 1.0)
    if twice_sine > 1e-6:
        return w * (angle / twice_sine)
    if angle < 1.0:
        return 0.5 * w
    # near pi: the axis is a column of (R + R^T) / 2 + I
    S = 0.5 * (R + R.T) + np.eye(3)
    k = int(np.argmax(np.diag(S)))
    axis = S[k].copy()  # S is symmetric
    return axis * (angle / np.sqrt(np.sum(axis**2)))


@njit(cache=True)
def _turn_left(T: Array, target: Array) -> Array:
    """Return the rotation (3, 3) from the target's frame to the tip's, in the base."""
    return np.ascontiguousarray(T[:3, :3]) @ np.ascontiguousarray(target[:3, :3].T)


@njit(cache=True)
def residuals(segments: Array, q: Array, target: Array, weights: Array) -> Array:
    """Return (6,): weighted position error, then weighted rotation vector from target to tip."""
    T = kinematics.forward(segments, q)
    r = np.empty(6)
    r[:3] = T[:3, 3] - target[:3, 3]
    r[3:] = rotation_vector(_turn_left(T, target))
    return weights * r


@njit(cache=True)
def residual_jacobian(segments: Array, q: Array, target: Array, weights: Array) -> Array:
    """Return (6, n), the derivative of `residuals`.

    The rotation vector moves by the inverse left Jacobian of SO(3) times the angular velocity;
    T. Barfoot, State Estimation for Robotics, 2017, equation 7.76b.
    """
    T = kinematics.forward(segments, q)
    J = kinematics.jacobian(segments, q)
    phi = rotation_vector(_turn_left(T, target))
    angle = np.sqrt(np.sum(phi**2))
    K = np.array([[0.0, -phi[2], phi[1]], [phi[2], 0.0, -phi[0]], [-phi[1], phi[0], 0.0]])
    if angle < 1e-4:
        factor = 1.0 / 12.0
    elif sin(0.5 * angle) > 1.0 - 1e-15:
        factor = 1.0 / angle**2
    else:
        factor = (1.0 - 0.5 * angle / tan(0.5 * angle)) / angle**2
    inverse = np.eye(3) - 0.5 * K + factor * (K @ K)
    J[3:] = inverse @ np.ascontiguousarray(J[3:])
    for i in range(6):
        J[i] *= weights[i]
    return J


def cost(arm: BenchArm, q: Array, target: Array, weights: Array) -> float:
    """Return 1/2 sum of the squared weighted errors at joints `q` (n,)."""
    r = residuals(arm.chain.segments, q, target, weights)
    return float(0.5 * r @ r)


def best_of_scipy(
    arm: BenchArm, target: Array, weights: Array, starts: Array
) -> tuple[float, Array]:
    """Return the lowest cost, and its joints, that scipy finds from `starts` (k, n)."""
    chain = arm.chain
    best_cost, best_q = np.inf, starts[0]
    for q_start in starts:
        found = least_squares(
            lambda q: residuals(chain.segments, q, target, weights),
            q_start,
            lambda q: residual_jacobian(chain.segments, q, target, weights),
            bounds=(chain.lower, chain.upper),
            method='trf',
            ftol=1e-13,
            xtol=1e-13,
            gtol=1e-11,
            max_nfev=200,
        )
        if found.cost < best_cost:
            best_cost, best_q = float(found.cost), found.x
    return best_cost, best_q
