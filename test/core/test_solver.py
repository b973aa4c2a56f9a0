from __future__ import annotations

from dataclasses import replace

import numpy as np
import pinocchio
import pytest
from arm_models import ARMS, ArmModel, random_urdfs
from hypothesis import given, settings
from hypothesis import strategies as st

from ik_gd import Chain, Objective, Pose, SolutionStatus, Solver, SolverSettings
from ik_gd.core.errors import SettingsError, TargetError
from ik_gd.core.trace import trace
from ik_gd.core.urdf import load_urdf_text


def chain_of(kinds: str) -> Chain:
    """Return an arm of revolute (r), continuous (c) and prismatic (p) joints."""
    names = {'r': 'revolute', 'c': 'continuous', 'p': 'prismatic'}
    axes = ('0 0 1', '0 1 0', '1 0 0')
    lines = ['<robot name="arm"><link name="l0"/>']
    for i, kind in enumerate(kinds):
        limit = 'lower="0.0" upper="0.4"' if kind == 'p' else 'lower="-2.5" upper="2.5"'
        lines.append(
            f'<link name="l{i + 1}"/><joint name="j{i}" type="{names[kind]}">'
            f'<parent link="l{i}"/><child link="l{i + 1}"/><origin xyz="0.03 0.02 0.15"/>'
            f'<axis xyz="{axes[i % 3]}"/><limit {limit} velocity="2" effort="5"/></joint>'
        )
    return Chain.from_urdf(''.join([*lines, '</robot>']))


CHAINS = {arm.name: arm.chain() for arm in ARMS if arm.name != 'planar2'} | {
    'prismatic': chain_of('prrprr'),
    'continuous': chain_of('crcrcr'),
}
# Pinocchio's poses are accurate to rounding; the default tolerance is 1e-5.
TOLERANCE = 1e-5 + 1e-12


def random_joints(chain: Chain, rng: np.random.Generator) -> np.ndarray:
    return rng.uniform(np.maximum(chain.lower, -np.pi), np.minimum(chain.upper, np.pi))


def twist_to(target: np.ndarray, reached: np.ndarray) -> np.ndarray:
    """Return the screw motion (6,) between two poses, by Pinocchio."""
    return np.asarray(pinocchio.log6(pinocchio.SE3(reached).inverse() * pinocchio.SE3(target)))


def assert_inside(chain: Chain, q: np.ndarray) -> None:
    assert np.all(q >= chain.lower) and np.all(q <= chain.upper)


@pytest.fixture(scope='module', params=CHAINS.values(), ids=CHAINS.keys())
def solver(request: pytest.FixtureRequest) -> Solver:
    return Solver(request.param)


@pytest.fixture(scope='module')
def desk6() -> Solver:
    return Solver(CHAINS['desk6'])


def test_every_reachable_pose_is_reached_inside_the_limits(solver: Solver) -> None:
    chain, rng = solver.chain, np.random.default_rng(3)
    for _ in range(300):
        target = chain.forward(random_joints(chain, rng)).matrix
        for start in (None, random_joints(chain, rng)):
            solution = solver.solve(target, start)
            assert solution.status is SolutionStatus.CONVERGED
            assert_inside(chain, solution.q)
            reached = chain.forward(solution.q).matrix
            assert np.abs(twist_to(target, reached)).max() <= TOLERANCE


def test_errors_are_those_of_pinocchios_kinematics() -> None:
    arm: ArmModel = next(arm for arm in ARMS if arm.name == 'desk6')
    chain = arm.chain()
    model = pinocchio.buildModelFromXML(load_urdf_text(arm.path)[0])
    data, frame = model.createData(), model.getFrameId(chain.tip_link)
    solver, rng = Solver(chain, Objective.pose(1.0, 0.05)), np.random.default_rng(4)
    for _ in range(20):
        target = pinocchio.SE3.Random()
        target.translation *= 0.3
        solution = solver.solve(target.homogeneous, random_joints(chain, rng))
        configuration = pinocchio.neutral(model)
        for name, value in zip(chain.joint_names, solution.q, strict=True):
            configuration[model.joints[model.getJointId(name)].idx_q] = value
        pinocchio.framesForwardKinematics(model, data, configuration)
        tip = data.oMf[frame]
        distance = np.linalg.norm(tip.translation - target.translation)
        angle = np.linalg.norm(pinocchio.log3(tip.rotation.T @ target.rotation))
        assert solution.position_error == pytest.approx(distance, abs=1e-9)
        assert solution.rotation_error == pytest.approx(angle, abs=1e-7)


def test_the_same_question_has_bit_for_bit_the_same_answer(solver: Solver) -> None:
    rng = np.random.default_rng(5)
    targets = [solver.chain.forward(random_joints(solver.chain, rng)).matrix for _ in range(20)]
    first = [solver.solve(target).q for target in targets]
    again = [Solver(solver.chain).solve(target).q for target in reversed(targets)]
    np.testing.assert_array_equal(first, again[::-1])


def test_the_rng_alone_decides_how_restarts_vary(desk6: Solver) -> None:
    rng = np.random.default_rng(6)
    targets = [desk6.chain.forward(random_joints(desk6.chain, rng)) for _ in range(20)]
    by_seed = [[desk6.solve(t, rng=seed).q for t in targets] for seed in (1, 1, 2)]
    np.testing.assert_array_equal(by_seed[0], by_seed[1])
    assert np.any(np.array(by_seed[0]) != np.array(by_seed[2]))
    plain = [desk6.solve(t).q for t in targets]
    np.testing.assert_array_equal(plain, [desk6.solve(t).q for t in targets])


@settings(max_examples=60, deadline=None)
@given(random_urdfs(min_joints=3), st.integers(0, 2**32 - 1))
def test_no_nan_leaves_and_no_limit_is_passed_on_random_arms(urdf: str, seed: int) -> None:
    chain, rng = Chain.from_urdf(urdf), np.random.default_rng(seed)
    solver = Solver(chain, settings=SolverSettings(samples=128, max_iterations=500))
    wild = np.asarray(pinocchio.SE3.Random().homogeneous)
    for target in (chain.forward(random_joints(chain, rng)).matrix, wild):
        for solution in (solver.solve(target), solver.track(target, random_joints(chain, rng))):
            assert np.isfinite(solution.q).all() and np.isfinite(solution.cost)
            assert_inside(chain, solution.q)


@pytest.mark.parametrize('value', [np.nan, np.inf, -np.inf, 2.0])
@pytest.mark.parametrize('row', range(3))
def test_a_target_that_is_no_rigid_transform_is_refused(
    desk6: Solver, value: float, row: int
) -> None:
    target = np.eye(4)
    target[row, 1] = value
    for ask in (desk6.solve, lambda t: desk6.track(t, desk6.chain.middle)):
        with pytest.raises(TargetError):
            ask(target)


def test_a_mirror_a_wrong_shape_and_a_bad_last_row_are_refused(desk6: Solver) -> None:
    bottom = np.eye(4)
    bottom[3, 0] = 0.1
    for target in (np.diag([1.0, 1.0, -1.0, 1.0]), np.eye(3), bottom, 'there'):
        with pytest.raises(TargetError):
            desk6.solve(target)


@pytest.mark.parametrize('start', [[np.nan] * 6, [0.0] * 5, [np.inf] + [0.0] * 5, 'home'])
def test_a_start_that_is_no_joint_position_is_refused(desk6: Solver, start: object) -> None:
    target = desk6.chain.forward(desk6.chain.middle)
    for ask in (desk6.solve, desk6.track):
        with pytest.raises((TargetError, ValueError)):
            ask(target, start)


@pytest.mark.parametrize('form', ['list', 'float32', 'fortran', 'read-only', 'pose'])
def test_targets_in_any_form_give_the_same_answer(desk6: Solver, form: str) -> None:
    pose = desk6.chain.forward(desk6.chain.middle + 0.3)
    target: object = pose.matrix
    expected = desk6.solve(target).q
    if form == 'list':
        target = pose.matrix.tolist()
    elif form == 'float32':
        target = pose.matrix.astype(np.float32)
    elif form == 'fortran':
        target = np.asfortranarray(pose.matrix)
    elif form == 'read-only':
        target = pose.matrix
        target.flags.writeable = False
    else:
        target = pose
    np.testing.assert_allclose(desk6.solve(target).q, expected, atol=1e-4)


def test_an_answer_is_not_changed_by_the_next_question(desk6: Solver) -> None:
    first = desk6.solve(desk6.chain.forward(desk6.chain.middle + 0.1))
    kept = first.q.copy()
    desk6.solve(desk6.chain.forward(desk6.chain.middle - 0.3))
    np.testing.assert_array_equal(first.q, kept)


def test_continuous_joints_end_nearest_to_the_start() -> None:
    solver, rng = Solver(CHAINS['continuous']), np.random.default_rng(7)
    free = ~np.isfinite(solver.chain.upper)
    for _ in range(50):
        target = solver.chain.forward(random_joints(solver.chain, rng))
        start = random_joints(solver.chain, rng) + 20.0 * free
        solution = solver.solve(target, start)
        assert solution.converged
        assert np.all(np.abs(solution.q - start)[free] <= np.pi + 1e-9)


def test_statuses_say_why_a_target_is_not_met(desk6: Solver) -> None:
    far = desk6.solve(Pose((5.0, 0.0, 0.0)))
    assert far.status is SolutionStatus.OUT_OF_REACH
    chain = chain_of('r')
    solver = Solver(chain, Objective.pose())
    beyond = solver.solve(Chain.from_urdf(_turned_further()).forward([3.0]))
    assert beyond.status is SolutionStatus.AT_LIMIT
    assert beyond.q[0] == chain.upper[0]
    assert not far.converged and not beyond.converged
    short = desk6.track(
        desk6.chain.forward(desk6.chain.middle + 0.9), desk6.chain.middle, iterations=2
    )
    assert short.status is SolutionStatus.BUDGET_SPENT


def _turned_further() -> str:
    return (
        '<robot name="arm"><link name="l0"/><link name="l1"/>'
        '<joint name="j0" type="continuous"><parent link="l0"/><child link="l1"/>'
        '<origin xyz="0.03 0.02 0.15"/><axis xyz="0 0 1"/></joint></robot>'
    )


def test_a_position_is_reached_whatever_the_orientation(solver: Solver) -> None:
    by_position, rng = Solver(solver.chain, Objective.position()), np.random.default_rng(8)
    for _ in range(30):
        target = solver.chain.forward(random_joints(solver.chain, rng))
        solution = by_position.solve(Pose(target.position))
        assert solution.converged
        reached = solver.chain.forward(solution.q).position
        np.testing.assert_allclose(reached, target.position, rtol=0.0, atol=1.1e-5)


@pytest.mark.parametrize('cone', [0.0, 0.2])
def test_an_axis_points_as_asked_and_its_roll_is_free(solver: Solver, cone: float) -> None:
    axis = np.array([0.0, 0.6, 0.8])
    objective = Objective.position_and_axis(axis, cone=cone)
    by_axis, rng = Solver(solver.chain, objective), np.random.default_rng(9)
    for _ in range(30):
        target = solver.chain.forward(random_joints(solver.chain, rng)).matrix
        solution = by_axis.solve(target)
        assert solution.converged
        reached = solver.chain.forward(solution.q).matrix
        cosine = np.clip((reached[:3, :3] @ axis) @ (target[:3, :3] @ axis), -1.0, 1.0)
        assert np.arccos(cosine) <= cone + 2e-5
        np.testing.assert_allclose(reached[:3, 3], target[:3, 3], rtol=0.0, atol=1.1e-5)


@pytest.mark.parametrize('frame', ['base', 'tip'])
def test_tolerances_hold_along_the_axes_of_their_frame(desk6: Solver, frame: str) -> None:
    tolerances = np.array([0.02, 1e-4, 1e-4]), np.array([0.5, 1e-3, 1e-3])
    objective = Objective.pose(1.0, 1.0, *tolerances, frame=frame)  # type: ignore[arg-type]
    solver, rng = Solver(desk6.chain, objective), np.random.default_rng(10)
    for _ in range(50):
        target = desk6.chain.forward(random_joints(desk6.chain, rng)).matrix
        solution = solver.solve(target)
        tip = desk6.chain.forward(solution.q).matrix
        error = target[:3, 3] - tip[:3, 3]
        turn = pinocchio.log3(target[:3, :3] @ tip[:3, :3].T)
        if frame == 'tip':
            error, turn = tip[:3, :3].T @ error, tip[:3, :3].T @ turn
        assert solution.converged
        assert np.all(np.abs(error) <= tolerances[0] + 1e-9)
        assert np.all(np.abs(turn) <= tolerances[1] + 1e-7)


def test_nearest_is_never_farther_than_the_first_found(desk6: Solver) -> None:
    rng = np.random.default_rng(11)
    for _ in range(10):
        target = desk6.chain.forward(random_joints(desk6.chain, rng))
        start = random_joints(desk6.chain, rng)
        first = np.linalg.norm(desk6.solve(target, start).q - start)
        nearest = desk6.solve(target, start, nearest=True)
        assert nearest.converged
        assert np.linalg.norm(nearest.q - start) <= first + 1e-3


def test_all_solutions_are_distinct_sorted_and_on_target(desk6: Solver) -> None:
    rng = np.random.default_rng(12)
    several = 0
    for _ in range(10):
        target = desk6.chain.forward(random_joints(desk6.chain, rng)).matrix
        start = desk6.chain.middle
        found = desk6.solve_all(target, start)
        several += len(found) > 1
        distances = [np.linalg.norm(solution.q - start) for solution in found]
        assert distances == sorted(distances)
        for i, solution in enumerate(found):
            assert_inside(desk6.chain, solution.q)
            reached = desk6.chain.forward(solution.q).matrix
            assert np.abs(twist_to(target, reached)).max() <= TOLERANCE
            assert all(np.abs(solution.q - other.q).max() > 0.1 for other in found[:i])
    assert several > 0


def test_a_search_ends_when_it_is_told_that_time_is_up(desk6: Solver) -> None:
    out_of_reach = Pose((5.0, 0.0, 0.0))
    asked = []

    def expired() -> bool:
        asked.append(True)
        return len(asked) == 3

    solution = desk6.solve(out_of_reach, expired=expired)
    assert len(asked) == 3 and solution.restarts == 2
    assert not solution.converged


@pytest.mark.parametrize('rule', ['fixed', 'backtracking', 'momentum', 'quasi_newton', 'damped'])
@pytest.mark.parametrize('gradient', ['exact', 'sampled', 'sampled_central'])
def test_every_rule_goes_downhill_with_every_gradient(rule: str, gradient: str) -> None:
    chain = CHAINS['so101']
    settings_ = SolverSettings(
        step_rule=rule,
        gradient=gradient,
        learning_rate=0.3,
        samples=128,  # type: ignore[arg-type]
    )
    solver, rng = Solver(chain, Objective.position(), settings_), np.random.default_rng(13)
    still = Solver(chain, Objective.position())
    for _ in range(10):
        target, start = chain.forward(random_joints(chain, rng)), random_joints(chain, rng)
        solution = solver.track(target, start, iterations=1000)
        assert solution.cost < still.track(target, start, start, start).cost
        assert_inside(chain, solution.q)


def test_the_tutorials_algorithm_reaches_the_tutorials_target() -> None:
    chain = ARMS[0].chain()
    tutorial = SolverSettings(step_rule='fixed', gradient='sampled', learning_rate=8.0)
    solver = Solver(chain, Objective.position(), tutorial)
    target = chain.forward(chain.middle + 0.4)
    assert solver.track(target, chain.middle, iterations=5000).position_error < 1e-3


@pytest.mark.parametrize('gradient', ['exact', 'sampled', 'sampled_central'])
def test_a_normalised_gradient_makes_the_learning_rate_the_length_of_a_step(gradient: str) -> None:
    chain = CHAINS['so101']
    tutorial = SolverSettings(
        step_rule='fixed',
        gradient=gradient,  # type: ignore[arg-type]
        normalise=True,
        learning_rate=0.01,
        samples=128,
    )
    start = chain.middle + 0.1
    step = 2 * chain.dof + 2  # forward kinematics that one step may spend
    way = trace(Solver(chain, Objective.position(), tutorial), Pose((0.1, 0.2, 0.3)), start, step)
    moves = np.linalg.norm(np.diff(way.path, axis=0), axis=1)
    assert moves.size >= 1
    np.testing.assert_allclose(moves, 0.01, rtol=1e-3)


@pytest.mark.parametrize(
    'wrong',
    [
        {'step_rule': 'newton'},
        {'gradient': 'guessed'},
        {'damping': 0.0},
        {'learning_rate': np.nan},
        {'max_iterations': 0},
        {'momentum': 1.0},
    ],
)
def test_settings_out_of_range_are_refused_by_name(wrong: dict[str, object]) -> None:
    with pytest.raises(SettingsError, match=next(iter(wrong))):
        replace(SolverSettings(), **wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    'make',
    [
        lambda: Objective.pose(-1.0),
        lambda: Objective.pose((1.0, 2.0)),
        lambda: Objective.pose(0.0, 0.0),
        lambda: Objective.pose(position_tolerance=0.0),
        lambda: Objective.pose(frame='world'),
        lambda: Objective.position_and_axis((0.0, 0.0, 0.0)),
        lambda: Objective.position_and_axis(cone=4.0),
    ],
)
def test_objectives_out_of_range_are_refused(make) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(SettingsError):
        make()
