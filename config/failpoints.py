"""Named places where a test has the process die, as by kill -9, or stop, or raise.

`FAILPOINT=place` kills there; `place:stop` stops the process once, until somebody continues it;
`place:raise` raises every time. A third part names the batch that alone is hit:
`place:raise:0198…`.
"""

import os
import signal

_stopped_at: set[str] = set()


class FailpointReached(Exception):
    """The fault that a test asked for."""


def reach(place: str, about: object = "") -> None:
    """Nothing at all, unless the environment's FAILPOINT names this place."""
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
