"""How records flow through topics: rates between two looks at their offsets. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from streams.kafka.topic_offsets import TopicState


@dataclass(frozen=True, slots=True)
class Look:
    """The states of topics at a moment.

    Attributes:
        moment: monotonic time in seconds.
        states: by topic, in the order in which an article passes them.
    """

    moment: float
    states: Mapping[str, TopicState]


@dataclass(frozen=True, slots=True)
class TopicFlow:
    """What goes into a topic and out of it.

    Attributes:
        state: of the topic, at the later look.
        written: records written a second; None if it is not known.
        read: records that the workers finished a second; None if it is not known.
    """

    state: TopicState
    written: float | None
    read: float | None

    @property
    def seconds_left(self) -> float | None:
        """Time until nothing waits if both rates stay; None if they are not known, or it will not happen."""
        if self.written is None or self.read is None or not self.state.waiting:
            return None if self.state.waiting else 0.0
        return self.state.waiting / (self.read - self.written) if self.read > self.written else None


def flows(before: Look | None, now: Look) -> dict[str, TopicFlow]:
    """Return the flow of each topic between two looks, in order.

    A topic that was created anew, or of which offsets were set back, has no rates until the next look.
    """
    return {topic: _flow(before, now, topic, state) for topic, state in now.states.items()}


def _flow(before: Look | None, now: Look, topic: str, state: TopicState) -> TopicFlow:
    earlier = before.states.get(topic) if before is not None else None
    if before is None or earlier is None or now.moment <= before.moment:
        return TopicFlow(state, None, None)
    seconds = now.moment - before.moment
    written = state.end - earlier.end
    # What a worker has not committed yet counts as waiting, from the first record on.
    read = written + earlier.waiting - state.waiting
    return TopicFlow(
        state, written / seconds if written >= 0 else None, max(0, read) / seconds if written >= 0 else None
    )
