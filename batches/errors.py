"""Expected errors of batches; the base class is in content."""

from content.errors import ApplicationError, Invalid, NotAllowed, NotFound, Throttled

__all__ = [
    "ApplicationError",
    "Invalid",
    "InvalidTransition",
    "NotAllowed",
    "NotFound",
    "NothingOwn",
    "NothingToDo",
    "QuotaExceeded",
    "SubmissionUsed",
    "TemplateChanged",
    "rate_limit_headers",
]

HOUR_SECONDS = 3600


class InvalidTransition(ApplicationError):
    """The batch's status does not allow this, or someone else changed it first."""

    code = "wrong-state"
    status = 409
    STATES = {
        "pending": "is still waiting",
        "processing": "is already running",
        "completed": "is done",
        "failed": "was aborted",
    }

    def __init__(self, was: str, to: str, *, noun: str = "batch") -> None:
        state = self.STATES.get(was, f"is {was}")
        words = f"This {noun} {state} and can no longer be {to}."
        if was == to:
            words = f"This {noun} is already {to}."
        super().__init__(words, was=was, to=to)


class NothingOwn(NotAllowed):
    """None of the named items belongs to the creator."""

    message = "None of these items belongs to this creator."


class NothingToDo(ApplicationError):
    """There is nothing to retry or to undo."""

    code = "wrong-state"
    status = 409


class QuotaExceeded(Throttled):
    """The creator's hourly quota of batches is used up."""

    code = "quota"

    def __init__(self, *, limit: int, remaining: int, reset_seconds: int) -> None:
        minutes = max(1, round(reset_seconds / 60))
        super().__init__(
            f"At most {limit} batches an hour; {remaining} are left. "
            f"Try again in {minutes} minute{'' if minutes == 1 else 's'}.",
            limit=limit,
            remaining=remaining,
            reset_seconds=reset_seconds,
        )

    @property
    def headers(self) -> dict[str, str]:
        return super().headers | rate_limit_headers(**self.details)


def rate_limit_headers(*, limit: int, remaining: int, reset_seconds: int) -> dict[str, str]:
    """Return the quota of an hour as the IETF's draft on RateLimit header fields writes it."""
    return {
        "RateLimit-Policy": f'"batches";q={limit};w={HOUR_SECONDS}',
        "RateLimit": f'"batches";r={remaining};t={reset_seconds or HOUR_SECONDS}',
    }


class SubmissionUsed(ApplicationError):
    """The prepared change was already started, has expired, or belongs to someone else."""

    code = "wrong-state"
    status = 409
    message = "This was already started, or it has expired. Please prepare it again."


class TemplateChanged(ApplicationError):
    """Someone else changed the template since it was read."""

    code = "wrong-state"
    status = 409
    message = "Someone else changed this template. Reload it and try again."
