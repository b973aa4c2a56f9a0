"""The mechanics of one virtual servo: speed, acceleration, play, gravity, heat; no clock, no bus.

Positions are in the servo's own encoder ticks, unwrapped: the shaft may turn more than once, and
what a register shows of it is the device's business. Loads are fractions of the stall torque,
positive towards more ticks.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

STEP = 0.001  # [s] the grid on which motion is integrated


@dataclass(frozen=True)
class ServoBody:
    """What one servo and the link on its shaft are made of.

    Attributes:
        ticks_per_rev: encoder ticks a turn.
        max_speed: without load [ticks/s].
        max_acceleration: [ticks/s^2].
        low, high: hard stops of the joint [ticks].
        backlash: free play between gears and shaft, all of it [ticks].
        give: how far a full load turns the shaft away from its goal [ticks].
        gravity_load: load of the link when it is level; its sign says which way it falls.
        level_tick: where the link is level [ticks].
        friction_load: the load that the gears hold without power.
        ambient: [degrees Celsius].
        heating: final rise of temperature under full load [K].
        thermal_time: time constant of warming and cooling [s].
    """

    ticks_per_rev: float = 4096.0
    max_speed: float = 3400.0
    max_acceleration: float = 68000.0
    low: float = -math.inf
    high: float = math.inf
    backlash: float = 0.0
    give: float = 20.0
    gravity_load: float = 0.0
    level_tick: float = 0.0
    friction_load: float = 0.04
    ambient: float = 25.0
    heating: float = 60.0
    thermal_time: float = 300.0


class ServoModel:
    """A motor that drives gears, which drive a shaft through some play.

    The state depends on the commands and on the time they were given at, not on how often
    `advance` is called: motion is integrated on a fixed grid.

    Args:
        body: the constants.
        position: where gears and shaft are at first [ticks].
        now: the time at first [s], any origin.

    Attributes:
        torque_on: whether the motor pulls at all.
        goal: where it shall go [ticks]; None to hold still or while `goal_speed` is given.
        goal_speed: endless turning at this speed [ticks/s], or None.
        speed_limit, acceleration_limit: of the motion profile [ticks/s], [ticks/s^2].
        torque_limit: largest load that the motor takes (0..1).
        blocked: something holds the shaft.
        gears, speed: the driving side of the play [ticks], [ticks/s].
        shaft: the driven side: where the joint is, and what the encoder sees [ticks].
        load: what the motor gives at this moment.
        strained_for: how long the motor has pushed in vain [s].
        temperature: [degrees Celsius].
    """

    def __init__(self, body: ServoBody, position: float, now: float = 0.0) -> None:
        self.body = body
        self.torque_on = False
        self.goal: float | None = None
        self.goal_speed: float | None = None
        self.speed_limit = body.max_speed
        self.acceleration_limit = body.max_acceleration
        self.torque_limit = 1.0
        self.blocked = False
        self.load = 0.0
        self.strained_for = 0.0
        self.temperature = body.ambient
        self._start = now
        self._steps = 0
        self.place(position)

    def place(self, position: float) -> None:
        """Put the shaft at `position` [ticks], at rest, as a hand would."""
        self.gears = self.shaft = min(max(position, self.body.low), self.body.high)
        self.speed = 0.0

    def forget_turns(self, resolution: int) -> None:
        """Count the shaft's present turn as turn zero, as an encoder does at power-up."""
        whole = self.shaft // resolution * resolution
        self.gears, self.shaft = self.gears - whole, self.shaft - whole
        if self.goal is not None:
            self.goal -= whole
        low, high = self.body.low - whole, self.body.high - whole
        self.body = replace(self.body, low=low, high=high, level_tick=self.body.level_tick - whole)

    def hold(self) -> None:
        """Make the place where the gears are the goal."""
        self.goal, self.goal_speed = self.gears, None

    @property
    def time(self) -> float:
        """Up to when the motion is computed [s]."""
        return self._start + self._steps * STEP

    @property
    def moving(self) -> bool:
        """Whether the gears turn."""
        return self.speed != 0.0

    def advance(self, now: float) -> None:
        """Compute the motion up to `now` [s]; a time that has passed already changes nothing."""
        remaining = math.floor((now - self._start) / STEP + 1e-6) - self._steps
        while remaining > 0:
            before = (self.gears, self.speed, self.shaft, self.load)
            self._step()
            remaining -= 1
            self._steps += 1
            self._wear(1)
            if before == (self.gears, self.speed, self.shaft, self.load):
                self._steps += remaining  # at rest: the other steps would do the same
                self._wear(remaining)
                return

    def gravity(self) -> float:
        """The load that the link puts on the shaft where it is now."""
        body = self.body
        if body.gravity_load == 0.0:
            return 0.0
        turned = 2.0 * math.pi * (self.shaft - body.level_tick) / body.ticks_per_rev
        return -body.gravity_load * math.cos(turned)

    def _step(self) -> None:
        gravity = self.gravity()
        limit = self.torque_limit if self.torque_on else 0.0
        pulling = self.torque_on and (self.goal is not None or self.goal_speed is not None)
        if not pulling or abs(gravity) > limit + self.body.friction_load:
            self._slip(gravity, limit)
        elif self.blocked:
            self.speed = 0.0
            self.load = self._push(gravity)
        else:
            previous = self.speed
            self.speed = self._profiled_speed()
            self._turn()
            inertia = (self.speed - previous) / (STEP * self.body.max_acceleration)
            friction = math.copysign(self.body.friction_load, self.speed) if self.speed else 0.0
            effort = inertia + friction - gravity
            if self.speed == 0.0 and self.goal is not None and self.goal != self.gears:
                effort = self._push(gravity)  # against a hard stop
            self.load = min(max(effort, -limit), limit)
        self._drag_shaft(gravity if pulling else 0.0)

    def _slip(self, gravity: float, limit: float) -> None:
        """Let the link fall as far as gears and motor let it; damping sets the speed."""
        excess = abs(gravity) - limit - self.body.friction_load
        speed = math.copysign(excess, gravity) * self.body.max_speed if excess > 0.0 else 0.0
        self.speed = 0.0 if self.blocked else speed
        self.load = -math.copysign(limit, gravity) if excess > 0.0 else 0.0
        self._turn()

    def _push(self, gravity: float) -> float:
        """Return the load of a motor that wants to turn and cannot."""
        if self.goal is None:
            wanted = math.copysign(1.0, self.goal_speed or 0.0) * (self.goal_speed != 0.0)
        else:
            wanted = (self.goal - self.gears) / max(self.body.give, 1e-9) - gravity
        return min(max(wanted, -self.torque_limit), self.torque_limit)

    def _profiled_speed(self) -> float:
        """Return the next speed of a trapezoid that ends at the goal without passing it."""
        limit = min(self.speed_limit, self.body.max_speed)
        change = min(self.acceleration_limit, self.body.max_acceleration) * STEP
        if self.goal is None:
            wanted = min(max(self.goal_speed or 0.0, -limit), limit)
        else:
            error = self.goal - self.gears
            # from (n + f) changes of speed, n + 1 steps of one change less each end at rest
            # exactly where the error does: error = change STEP (n + 1) (n / 2 + f)
            changes = abs(error) / (change * STEP)
            n = math.floor(0.5 * (math.sqrt(1.0 + 8.0 * changes) - 1.0))
            braking = change * (0.5 * n + changes / (n + 1))
            wanted = math.copysign(min(limit, braking), error)
        return min(max(wanted, self.speed - change), self.speed + change)

    def _turn(self) -> None:
        """Move the gears by one step at their speed, stop at the hard stops and at the goal."""
        gears = self.gears + self.speed * STEP
        if self.goal is not None and abs(gears - self.goal) < 1e-9:
            gears = self.goal
        inside = min(max(gears, self.body.low), self.body.high)
        if inside != gears:
            self.speed = 0.0
        self.gears = inside

    def _drag_shaft(self, gravity: float) -> None:
        """Let the gears take the shaft along once the play is used up."""
        centre = self.gears + self.body.give * gravity
        half = 0.5 * self.body.backlash
        self.shaft = min(max(self.shaft, centre - half), centre + half)

    def _wear(self, steps: int) -> None:
        """Warm or cool over `steps` steps, and count how long the motor pushed in vain."""
        final = self.body.ambient + self.body.heating * self.load**2
        decay = (1.0 - min(STEP / self.body.thermal_time, 1.0)) ** steps
        self.temperature = final + (self.temperature - final) * decay
        in_vain = (
            self.torque_on
            and self.speed == 0.0
            and self.torque_limit > 0.0
            and (self.goal_speed is not None if self.goal is None else self.goal != self.gears)
            and abs(self.load) >= 0.8 * self.torque_limit
        )
        self.strained_for = self.strained_for + steps * STEP if in_vain else 0.0
