from __future__ import annotations

import numpy as np
import pytest
from arm_models import ARMS, random_urdfs
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit

from ik_gd import Chain, Objective, Solver
from ik_gd.core.terms import Custom, LimitMargin, Manipulability, NearPrevious, Posture

CHAINS = {arm.name: arm.chain() for arm in ARMS}
PANDA = CHAINS['panda']
TERMS = {
    'posture': Posture(PANDA.middle),
    'posture per joint': Posture(PANDA.middle, np.arange(1.0, 1.0 + PANDA.dof)),
    'previous': NearPrevious(),
    'limit margin': LimitMargin(0.5),
    'manipulability': Manipulability(10.0),
    'own': Custom(lambda q, tip: float(np.sum(np.cos(q)) + tip[2, 3])),
}


@pytest.fixture(params=TERMS.values(), ids=TERMS.keys())
def term(request: pytest.FixtureRequest):  # type: ignore[no-untyped-def]
    return request.param


def test_gradients_are_the_values_slopes(term) -> None:  # type: ignore[no-untyped-def]
    rng = np.random.default_rng(16)
    for _ in range(5):
        q = rng.uniform(PANDA.lower, PANDA.upper)
        previous = rng.uniform(PANDA.lower, PANDA.upper)
        slope = [
            (
                term.value(PANDA, q + 1e-5 * unit, previous)
                - term.value(PANDA, q - 1e-5 * unit, previous)
            )
            / 2e-5
            for unit in np.eye(PANDA.dof)
        ]
        np.testing.assert_allclose(term.gradient(PANDA, q, previous), slope, atol=1e-4)


def test_terms_improve_where_there_is_a_choice_and_spoil_nothing(term) -> None:  # type: ignore[no-untyped-def]
    plain, with_term = Solver(PANDA), Solver(PANDA, Objective.pose().with_terms(term))
    rng, gains = np.random.default_rng(17), []
    for _ in range(15):
        target = PANDA.forward(rng.uniform(PANDA.lower, PANDA.upper))
        start = rng.uniform(PANDA.lower, PANDA.upper)
        before, after = plain.solve(target, start), with_term.solve(target, start)
        assert after.converged
        assert np.all(after.q >= PANDA.lower) and np.all(after.q <= PANDA.upper)
        gains.append(term.value(PANDA, before.q, start) - term.value(PANDA, after.q, start))
    assert min(gains) >= 0.0 and max(gains) > 1e-3


def test_terms_do_not_raise_the_cost_of_an_unreachable_target() -> None:
    chain = CHAINS['so101']
    rng = np.random.default_rng(18)
    plain, term = Solver(chain), Posture(chain.lower)
    with_term = Solver(chain, Objective.pose().with_terms(term))
    for _ in range(3):
        target = chain.forward(rng.uniform(chain.lower, chain.upper)).matrix
        target[:3, :3] = target[:3, :3].T
        assert with_term.solve(target).cost <= plain.solve(target).cost * (1.0 + 1e-6)


def test_tracking_drifts_towards_the_posture_one_tick_after_the_other() -> None:
    chain = CHAINS['iiwa']
    start = chain.middle + 0.4
    posture = Posture(chain.middle)
    solver = Solver(chain, Objective.pose().with_terms(posture))
    target, q = chain.forward(start), start
    for _ in range(30):
        solution = solver.track(target, q)
        assert solution.converged
        assert np.abs(solution.q - q).max() < 0.5
        q = solution.q
    assert posture.value(chain, q, q) < posture.value(chain, start, start)


@given(
    random_urdfs(min_joints=3),
    st.integers(0, 2**32 - 1),
    st.sampled_from(['posture', 'margin', 'previous', 'manipulability', 'own']),
    st.floats(1e-3, 1e6),
)
@settings(max_examples=40, deadline=None)
def test_no_term_of_any_weight_spoils_what_can_be_reached_on_random_arms(
    urdf: str, seed: int, kind: str, weight: float
) -> None:
    chain, rng = Chain.from_urdf(urdf), np.random.default_rng(seed)
    lower, upper = np.maximum(chain.lower, -np.pi), np.minimum(chain.upper, np.pi)
    term = {
        'posture': Posture(rng.uniform(lower, upper), weight),
        'margin': LimitMargin(0.4, weight),
        'previous': NearPrevious(weight),
        'manipulability': Manipulability(weight),
        'own': Custom(lambda q, tip: float(np.sum(np.sin(3.0 * q)) + tip[0, 3]), weight),
    }[kind]
    target, start = chain.forward(rng.uniform(lower, upper)), rng.uniform(lower, upper)
    for objective in (Objective.pose(), Objective.position()):
        before = Solver(chain, objective).solve(target, start)
        after = Solver(chain, objective.with_terms(term)).solve(target, start)
        assert after.converged or not before.converged
        assert np.all(after.q >= chain.lower) and np.all(after.q <= chain.upper)
        if before.converged:
            value = [term.value(chain, solution.q, start) for solution in (before, after)]
            assert value[1] <= value[0] + 1e-9 * abs(value[0])


def test_a_compiled_function_is_as_good_a_term_as_a_plain_one() -> None:
    def plain(q: np.ndarray, tip: np.ndarray) -> float:
        return float(np.sum((q - 0.3) ** 2) + tip[2, 3])

    target = PANDA.forward(PANDA.middle + 0.2)
    answers = [
        Solver(PANDA, Objective.pose().with_terms(Custom(function))).solve(target).q
        for function in (plain, njit(plain))
    ]
    np.testing.assert_allclose(answers[0], answers[1], atol=1e-6)


def test_a_term_that_is_not_a_number_changes_nothing() -> None:
    target = PANDA.forward(PANDA.middle + 0.2)
    lost = Objective.pose().with_terms(Custom(lambda q, tip: np.nan))
    np.testing.assert_array_equal(
        Solver(PANDA, lost).solve(target).q, Solver(PANDA).solve(target).q
    )
