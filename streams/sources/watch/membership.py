"""How long the consumer group surely counts this process among its members.

The group gives the sources of a process that it does not hear of to another one. A process that the machine holds up
learns of it late, and would send meanwhile what the new owner sends as well. So it sends only while the group has
confirmed, less than a session timeout ago, that it is a member: by accepting an offset, which also counts as a sign of
life. A lease that the coordinator renews, in the words of Gray and Cheriton (SOSP 1989).
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable

# Part of the session timeout for which a confirmation counts. The rest is for what is being sent when it ends.
SHARE = 0.75
# Parts of the session timeout between two questions.
QUESTIONS = 6


class Membership:
    """The membership of this process in the group that shares the sources.

    Args:
        session_timeout: silence after which the group gives up a member, in seconds.
        clock: returns a monotonic time in seconds.
    """

    def __init__(self, session_timeout: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._session_timeout = session_timeout
        self._clock = clock
        self._asked = -math.inf
        self._until = -math.inf
        self._renewed = asyncio.Event()

    @property
    def holds(self) -> bool:
        """Whether this process is surely a member."""
        return self._clock() < self._until

    def is_due(self) -> bool:
        """Return whether the group should be asked now, and note that it is."""
        now = self._clock()
        if now - self._asked < self._session_timeout / QUESTIONS:
            return False
        self._asked = now
        return True

    def renew(self) -> None:
        """Take over that the group has confirmed the membership: it counts from when it was asked."""
        self._until = self._asked + SHARE * self._session_timeout
        self._renewed.set()

    async def confirmed(self) -> None:
        """Wait until this process is surely a member."""
        while not self.holds:
            self._renewed.clear()
            await self._renewed.wait()
