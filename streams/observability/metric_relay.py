"""Count in one process what another one measures: the stages' functions run in a process without /metrics.

The child records what is done to its metrics, the worker does the same to its own (`Relay`). Metrics that only the
child has, such as those that a plugin adds to the registry, are created in the worker with the same description.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Summary
from prometheus_client.metrics import MetricWrapperBase

_CLASSES: dict[str, type[Any]] = {each.__name__: each for each in (Counter, Gauge, Histogram, Summary)}
_METHODS = (
    (Counter, "inc"),
    (Gauge, "inc"),
    (Gauge, "dec"),
    (Gauge, "set"),
    (Histogram, "observe"),
    (Summary, "observe"),
)

# name of the metric, values of its labels, method, argument
Change = tuple[str, tuple[str, ...], str, float]
# class, name, help text, names of the labels, further arguments, series that exist
Description = tuple[str, str, str, tuple[str, ...], dict[str, Any], list[tuple[str, ...]]]


def record_changes() -> list[Change]:
    """Record from now on what is done to any metric of this process, for ever.

    Returns:
        The changes, in order; the caller clears the list.
    """
    changes: list[Change] = []
    for metric, method in _METHODS:
        setattr(metric, method, _recording(getattr(metric, method), method, changes))
    return changes


def _recording(original: Callable[..., None], method: str, changes: list[Change]) -> Callable[..., None]:
    def recorded(self: Any, amount: float = 1, *arguments: Any, **more: Any) -> None:
        original(self, amount, *arguments, **more)
        changes.append((self._name, tuple(self._labelvalues), method, float(amount)))

    return recorded


def describe(registry: CollectorRegistry) -> list[Description]:
    """Describe all metrics of a registry, so that another process can create those that it lacks."""
    return [
        (
            type(metric).__name__,
            metric._name,
            metric._documentation,
            tuple(metric._labelnames),
            dict(metric._kwargs),
            [tuple(values) for values in metric._metrics] if metric._labelnames else [],
        )
        for metric in registry._collector_to_names
        if isinstance(metric, MetricWrapperBase) and type(metric).__name__ in _CLASSES
    ]


class Relay:
    """Repeat on a registry what was done to the metrics of another process.

    Args:
        registry: metrics of this process.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry

    def create(self, descriptions: Iterable[Description]) -> None:
        """Create the metrics and series that this process lacks."""
        for kind, name, text, labels, more, series in descriptions:
            metric = self._find(name)
            if metric is None:
                metric = _CLASSES[kind](name, text, labels, registry=self._registry, **more)
            for values in series:
                metric.labels(*values)

    def repeat(self, changes: Sequence[Change]) -> None:
        """Do to this process's metrics what was done to the other's. What is unknown here is left out."""
        for name, values, method, amount in changes:
            metric = self._find(name)
            if metric is not None:
                getattr(metric.labels(*values) if values else metric, method)(amount)

    def _find(self, name: str) -> Any:
        return self._registry._names_to_collectors.get(name)
