"""gymnasium's Acrobot-v1 and CartPole-v1 for many episodes at a time, in NumPy.

For training alone, where Python's time for each step of each episode would be most of it. A test holds them step for
step against gymnasium's own, in the units that `sc_run.environments.GymnasiumEpisodes` has.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
_MAX_STEPS = 500


def _starts(seeds: NDArray[np.int64], half_width: float) -> Array:
    """Return the four first values of each episode, as gymnasium draws them."""
    distinct, place = np.unique(seeds, return_inverse=True)
    drawn = [np.random.default_rng(seed).uniform(-half_width, half_width, 4) for seed in distinct.tolist()]
    return np.array(drawn)[place]


class ManyAcrobots:
    """Two links, a motor between them; swing the tip above a line (Sutton & Barto 2018, section 11.3).

    The state is two angles and two angular velocities; every step costs 1 until the tip is there.
    """

    n_observations, n_actions = 6, 3

    def reset(self, seeds: NDArray[np.int64]) -> Array:
        """Begin an episode for each seed; returns the observations, (n, 6)."""
        self._state = _starts(seeds, 0.1).astype(np.float32).astype(np.float64)
        self._n_steps = 0
        return self._observe()

    def step(self, actions: NDArray[np.int64]) -> tuple[Array, Array, NDArray[np.bool_]]:
        """Apply a torque of -1, 0 or 1 in each episode for 0.2 s."""
        torque = actions.astype(np.float64) - 1
        state = _runge_kutta(_acrobot_derivative, self._state, torque, 0.2)
        angles = state[:, :2]
        angles -= 2 * np.pi * np.ceil((np.abs(angles) - np.pi) / (2 * np.pi)) * np.sign(angles)
        np.clip(state[:, 2:], [-4 * np.pi, -9 * np.pi], [4 * np.pi, 9 * np.pi], out=state[:, 2:])
        self._state = state
        self._n_steps += 1
        above = -np.cos(state[:, 0]) - np.cos(state[:, 0] + state[:, 1]) > 1.0
        return self._observe(), np.where(above, 0.0, -1.0), above | (self._n_steps >= _MAX_STEPS)

    def _observe(self) -> Array:
        angles, velocities = self._state[:, :2], self._state[:, 2:] / [4 * np.pi, 9 * np.pi]
        waves = np.stack([np.cos(angles), np.sin(angles)], axis=2).reshape(-1, 4)
        return np.concatenate([waves, velocities], axis=1)


def _runge_kutta(
    derivative: Callable[[Array, Array], Array], state: Array, torque: Array, dt: float
) -> Array:
    first = derivative(state, torque)
    second = derivative(state + dt / 2 * first, torque)
    third = derivative(state + dt / 2 * second, torque)
    fourth = derivative(state + dt * third, torque)
    return state + dt / 6 * (first + 2 * second + 2 * third + fourth)


def _acrobot_derivative(state: Array, torque: Array) -> Array:
    """Return the derivative of the state: links of length and mass 1, their centres at 0.5, moments of inertia 1."""
    theta_1, theta_2, omega_1, omega_2 = state.T
    cosine, sine, gravity = np.cos(theta_2), np.sin(theta_2), 9.8
    inertia_1 = 3.5 + cosine
    inertia_12 = 1.25 + 0.5 * cosine
    pull_2 = 0.5 * gravity * np.sin(theta_1 + theta_2)
    pull_1 = pull_2 + 1.5 * gravity * np.sin(theta_1) - 0.5 * sine * omega_2 * (omega_2 + 2 * omega_1)
    ratio = inertia_12 / inertia_1
    alpha_2 = (torque + ratio * pull_1 - 0.5 * sine * omega_1**2 - pull_2) / (1.25 - inertia_12 * ratio)
    return np.stack([omega_1, omega_2, -(inertia_12 * alpha_2 + pull_1) / inertia_1, alpha_2], axis=1)


class ManyCartPoles:
    """A pole on a cart that is pushed left or right (Barto, Sutton & Anderson 1983); every step earns 1."""

    n_observations, n_actions = 4, 2

    def reset(self, seeds: NDArray[np.int64]) -> Array:
        """Begin an episode for each seed; returns the observations, (n, 4)."""
        self._state = _starts(seeds, 0.05)
        self._n_steps = 0
        return self._observe()

    def step(self, actions: NDArray[np.int64]) -> tuple[Array, Array, NDArray[np.bool_]]:
        """Push each cart with 10 N to the left (0) or the right (1) for 0.02 s."""
        velocity, angle, omega = self._state.T[1:]
        cosine, sine = np.cos(angle), np.sin(angle)
        push = (20.0 * actions - 10.0 + 0.05 * omega**2 * sine) / 1.1
        alpha = (9.8 * sine - cosine * push) / (0.5 * (4 / 3 - 0.1 * cosine**2 / 1.1))
        acceleration = push - 0.05 * alpha * cosine / 1.1
        self._state = self._state + 0.02 * np.stack([velocity, acceleration, omega, alpha], axis=1)
        self._n_steps += 1
        fallen = (np.abs(self._state[:, 0]) > 2.4) | (np.abs(self._state[:, 2]) > 12 * np.pi / 180)
        return self._observe(), np.ones(len(fallen)), fallen | (self._n_steps >= _MAX_STEPS)

    def _observe(self) -> Array:
        return self._state / [4.8, 1.0, 24 * np.pi / 180, 1.0]
