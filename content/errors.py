"""Expected errors. Doors turn them into answers; any other exception is a bug."""

import math
from typing import Any


class ApplicationError(Exception):
    """The base class: a message for users, a stable code, details for programs."""

    code = "error"
    message = "This did not work."
    # The HTTP status of the API's answer.
    status = 400

    def __init__(self, message: str = "", **details: Any) -> None:
        self.message = message or self.message
        self.details = details
        super().__init__(self.message)

    @property
    def summary(self) -> str:
        """The full message, for places without form fields."""
        return self.message

    @property
    def headers(self) -> dict[str, str]:
        """What the API's answer says beside its body."""
        return {}


class Throttled(ApplicationError):
    """Too often; `reset_seconds` says how long to wait."""

    status = 429

    @property
    def headers(self) -> dict[str, str]:
        return {"Retry-After": str(max(1, self.details["reset_seconds"]))}


class Invalid(ApplicationError):
    """The input is invalid; `errors` maps the path of each field to its messages."""

    code = "invalid"
    message = "Please check what you entered."

    def __init__(self, message: str = "", *, errors: dict[str, list[str]], **details: Any) -> None:
        self.errors = errors
        super().__init__(message, **details)

    @property
    def summary(self) -> str:
        """The message, if it says more than that there are errors; else all of them."""
        if self.message != type(self).message:
            return self.message
        return " ".join(each for found in self.errors.values() for each in found)


class NotAllowed(ApplicationError):
    """The user may not do this."""

    code = "forbidden"
    status = 403
    message = "You are not allowed to do this."


class NotFound(ApplicationError):
    """It does not exist, or the user may not know that it does."""

    code = "not-found"
    status = 404
    message = "Not found."


class StaleVersion(ApplicationError):
    """Someone else changed the item since it was read."""

    code = "conflict"
    status = 412
    message = "Someone changed this item since you opened it. Reload it to see the change."


class AlreadyExists(ApplicationError):
    """Something with this key exists."""

    code = "exists"
    status = 409
    message = "An item with this id already exists."


class Removed(ApplicationError):
    """The item was removed and must be restored before a change."""

    code = "removed"
    status = 410
    message = "This item was removed; restore it first."


class WrongCredentials(ApplicationError):
    """User name or password is wrong, or the account is closed."""

    code = "wrong-credentials"
    status = 401
    message = "User name or password is wrong."

    @property
    def headers(self) -> dict[str, str]:
        return {"WWW-Authenticate": "Token"}


class TooManyLogins(Throttled):
    """Too many failed log-ins with this name from this address; refuses correct passwords too."""

    code = "too-many-failures"

    def __init__(self, *, reset_seconds: int) -> None:
        super().__init__(
            f"Too many failed log-ins. Try again in {_minutes(reset_seconds)}.",
            reset_seconds=reset_seconds,
        )


class KeyReused(ApplicationError):
    """The idempotency key was used for another request."""

    code = "idempotency-key-reused"
    status = 422
    message = "This Idempotency-Key was used for another request; choose a new one."


class KeyInUse(ApplicationError):
    """The first request with this idempotency key has not ended yet."""

    code = "idempotency-key-in-use"
    status = 409
    message = "A request with this Idempotency-Key is still running; try again in a moment."


class TooManyLinks(Throttled):
    """Too many password links were requested from this address."""

    code = "too-many-links"

    def __init__(self, *, reset_seconds: int) -> None:
        super().__init__(
            "Too many links were requested from your network. "
            f"Try again in {_minutes(reset_seconds)}.",
            reset_seconds=reset_seconds,
        )


class TooManyTokens(ApplicationError):
    """The user has reached the limit of API tokens."""

    code = "too-many-tokens"

    def __init__(self, *, maximum: int) -> None:
        super().__init__(
            f"You have {maximum} tokens, which is the limit. "
            "Revoke tokens that you no longer need, then create this one."
        )


def _minutes(seconds: int) -> str:
    minutes = max(1, math.ceil(seconds / 60))
    return f"{minutes} minute{'' if minutes == 1 else 's'}"
