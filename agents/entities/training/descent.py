"""Optimise parameters by AdamW (Loshchilov & Hutter, 2019) with clipped gradients."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

WARM_UP = 0.15
DECAY = 1e-3
BETAS = (0.9, 0.99)
LARGEST_NORM = 5.0


def rate(progress: float, highest: float) -> float:
    """Compute the learning rate of a step: one cycle (Smith & Topin, 2018), up and down along two cosines.

    Args:
        progress: share of the steps done, 0 to 1.
        highest: the rate at `WARM_UP`.
    """
    if progress < WARM_UP:
        return float(highest * (1 - np.cos(np.pi * progress / WARM_UP)) / 2)
    return float(highest * (1 + np.cos(np.pi * (progress - WARM_UP) / (1 - WARM_UP))) / 2)


class Descent:
    """Optimise named parameters in place.

    Attributes:
        steps: number of steps done.
    """

    def __init__(self, parameters: Mapping[str, Floats]) -> None:
        self.steps = 0
        self._parameters = parameters
        self._means = {name: np.zeros_like(parameter) for name, parameter in parameters.items()}
        self._squares = {name: np.zeros_like(parameter) for name, parameter in parameters.items()}

    def step(self, gradients: Mapping[str, Floats], rate: float) -> None:
        """Take one step against gradients that are named and shaped as the parameters; the others stay as they are."""
        self.steps += 1
        norm = float(np.sqrt(sum(float(np.vdot(gradient, gradient)) for gradient in gradients.values())))
        shrink = np.float32(min(1.0, LARGEST_NORM / (norm + 1e-12)))
        first, second = BETAS
        # The bias corrections of both means, as one factor each, so that few passes go over the memory.
        pace = np.float32(rate / (1 - first**self.steps))
        widen = np.float32(1 / (1 - second**self.steps))
        for name in filter(gradients.__contains__, self._parameters):
            parameter, mean, square = self._parameters[name], self._means[name], self._squares[name]
            gradient = gradients[name] * (np.float32(1 - first) * shrink)
            mean *= np.float32(first)
            mean += gradient
            gradient *= gradient
            gradient *= np.float32((1 - second) / (1 - first) ** 2)
            square *= np.float32(second)
            square += gradient
            size = np.multiply(square, widen, out=gradient)
            np.sqrt(size, out=size)
            size += np.float32(1e-8)
            np.divide(mean, size, out=size)
            size *= pace
            np.multiply(parameter, np.float32(1 - rate * DECAY), out=parameter)
            np.subtract(parameter, size, out=parameter)
