"""Named places where tests kill the process (like kill -9), stop it, or raise.

`FAILPOINT=place` kills there; `place:stop` stops the process once, until SIGCONT;
`place:raise` raises every time. A third part limits it to one batch:
`place:raise:0198…`.
"""

import os
import signal

_stopped_at: set[str] = set()


class FailpointReached(Exception):
    """The error requested by a test."""


def reach(place: str, about: object = "") -> None:
    """Do nothing, unless the environment's FAILPOINT names this place."""
    wanted = os.environ.get("FAILPOINT")
    if wanted is None:
        return
    name, _, rest = wanted.partition(":")
    what, _, only = rest.partition(":")
    if name != place or only not in {"", str(about)}:
        return
    if what == "raise":
        raise FailpointReached(place)
    if what == "stop":
        if place not in _stopped_at:
            _stopped_at.add(place)
            os.kill(os.getpid(), signal.SIGSTOP)
        return
    os.kill(os.getpid(), signal.SIGKILL)
