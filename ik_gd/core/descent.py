"""How to descend: the family of step rules and gradients, and their settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ik_gd.core.errors import SettingsError
from ik_gd.core.kernels import layout

StepRule = Literal['damped', 'fixed', 'backtracking', 'momentum', 'quasi_newton']
Gradient = Literal['exact', 'sampled', 'sampled_central']

# In the order of the codes of kernels/rules.py.
STEP_RULES: tuple[StepRule, ...] = (
    'damped',
    'fixed',
    'backtracking',
    'momentum',
    'quasi_newton',
)
GRADIENTS: tuple[Gradient, ...] = ('exact', 'sampled', 'sampled_central')


@dataclass(frozen=True)
class SolverSettings:
    """How to descend. The defaults suit arms of 3 to 100 joints.

    The tutorial's algorithm is `SolverSettings(step_rule='fixed', gradient='sampled')`.

    Attributes:
        step_rule: 'damped' (the default, far ahead of the rest), 'fixed' (a learning rate),
            'backtracking' (the step is halved until it lowers the cost), 'momentum',
            'quasi_newton' (limited-memory BFGS).
        gradient: 'exact' from the Jacobian, 'sampled' (f(q + d) - f(q)) / d, or
            'sampled_central' (f(q + d) - f(q - d)) / 2 d; 'damped' samples the error, forward.
        max_iterations: forward kinematics that a whole solve may evaluate.
        descent_iterations: of one descent before the next restart; None for 40, or 1000 where
            the step rule is not 'damped'.
        samples: joint positions, made once, from which restarts begin; a hundred bytes each.
        damping: lambda = damping * cost ('damped').
        step_limit: [rad or m] no joint moves further in one iteration ('damped').
        learning_rate: the step is learning_rate * gradient ('fixed', 'momentum').
        sampling_distance: [rad or m] d of the sampled gradients.
        momentum: share of the last step that is repeated ('momentum').
        normalise: scale the gradient to length 1, so that the learning rate is a speed limit.
    """

    step_rule: StepRule = 'damped'
    gradient: Gradient = 'exact'
    max_iterations: int = 8000
    descent_iterations: int | None = None
    samples: int = 2048
    damping: float = 0.1
    step_limit: float = 1.0
    learning_rate: float = 0.1
    sampling_distance: float = 1e-6
    momentum: float = 0.9
    normalise: bool = False

    def __post_init__(self) -> None:
        _check_choice('step_rule', self.step_rule, STEP_RULES)
        _check_choice('gradient', self.gradient, GRADIENTS)
        for name in ('max_iterations', 'descent_iterations', 'samples'):
            value = getattr(self, name)
            if value is not None and not value >= 1:
                raise SettingsError(f'{name} is at least 1, not {value!r}')
        for name in ('damping', 'step_limit', 'learning_rate', 'sampling_distance'):
            value = getattr(self, name)
            if not 0.0 < value < np.inf:
                raise SettingsError(f'{name} is positive and finite, not {value!r}')
        if not 0.0 <= self.momentum < 1.0:
            raise SettingsError(f'momentum is in [0, 1), not {self.momentum!r}')

    @property
    def row(self) -> NDArray[np.float64]:
        """The settings as the kernels read them, see kernels/layout.py."""
        damped = self.step_rule == 'damped'
        row = np.zeros(layout.SETTINGS_WIDTH)
        row[layout.DAMPING] = self.damping
        row[layout.LEAST_DAMPING] = 1e-11
        row[layout.STEP_LIMIT] = self.step_limit
        row[layout.LEAST_STEP] = 1e-12
        row[layout.SLOW] = 0.85
        row[layout.PATIENCE] = 1
        row[layout.TIGHTEN] = 8.0
        row[layout.LOOSEN] = 1.0
        row[layout.LEAST_RELAX] = 1e-3
        row[layout.DESCENT_BUDGET] = self.descent_iterations or (40 if damped else 1000)
        row[layout.TOTAL_BUDGET] = self.max_iterations
        row[layout.HASTY_BUDGET] = min(1000, self.max_iterations)
        row[layout.EFFORTS] = 200
        row[layout.RULE] = STEP_RULES.index(self.step_rule)
        row[layout.GRADIENT] = GRADIENTS.index(self.gradient)
        row[layout.SAMPLING_DISTANCE] = self.sampling_distance
        row[layout.LEARNING_RATE] = self.learning_rate
        row[layout.MOMENTUM] = self.momentum if self.step_rule == 'momentum' else 0.0
        row[layout.NORMALISE] = self.normalise
        return row


def _check_choice(name: str, value: object, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise SettingsError(f'{name} is one of {", ".join(choices)}, not {value!r}')
