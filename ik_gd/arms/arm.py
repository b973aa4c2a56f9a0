"""The one interface behind which a simulator, hardware and a perfect fake look alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class ArmState:
    """What an arm says of itself at one moment; NaN where it does not know.

    Attributes:
        position: (n,) [rad or m], in the order of the arm's `joint_names`.
        velocity: (n,) [rad/s or m/s].
        effort: (n,) [N m or N].
        time: when it was measured, on the arm's own clock [s]; only differences matter.
    """

    position: NDArray[np.float64]
    velocity: NDArray[np.float64]
    effort: NDArray[np.float64]
    time: float


class Arm(Protocol):
    """Something with joints that can be read and told where to be.

    `read` and `write` never block longer than a control tick, are called from one thread, and
    raise ArmError only when the arm is lost for good; a joint that does not answer is NaN.
    """

    @property
    def joint_names(self) -> tuple[str, ...]:
        """The n movable joints, grippers included, in the order of every array."""
        ...

    def read(self) -> ArmState:
        """Return the newest measured state."""
        ...

    def write(
        self, position: NDArray[np.float64], velocity: NDArray[np.float64] | None = None
    ) -> None:
        """Set where the joints shall be.

        Args:
            position: (n,) [rad or m]; a NaN leaves that joint's goal as it is.
            velocity: (n,) feed-forward [rad/s or m/s], NaN or None where there is none.
        """
        ...

    def close(self) -> None:
        """Let go of the device; calling it again does nothing."""
        ...
