"""The cases of the fault suite, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.faults.trial import Trial

Act = Callable[[Trial], None]


@dataclass(frozen=True)
class Case:
    """One fault, made while articles flow.

    Attributes:
        name: how it is asked for on the command line.
        fault: what is done, as the table says it.
        act: sends the articles and makes the fault.
        settings: settings of the pipeline that differ.
    """

    name: str
    fault: str
    act: Act
    settings: Mapping[str, Any] = field(default_factory=dict)


CASES: dict[str, Case] = {}


def case(name: str, fault: str, **settings: Any) -> Callable[[Act], Act]:
    """Register a function as a case."""

    def register(act: Act) -> Act:
        CASES[name] = Case(name, fault, act, settings)
        return act

    return register


def load_cases() -> dict[str, Case]:
    """Import every module of cases, and return the cases in the order of the table."""
    from tests.faults.cases import workers, servers, records, releases, network, cluster, machine  # noqa: I001

    modules = (workers, servers, records, releases, network, cluster, machine)
    order = [module.__name__ for module in modules]
    # Whoever imported a module before has changed the order of registration.
    return dict(sorted(CASES.items(), key=lambda named: order.index(named[1].act.__module__)))
