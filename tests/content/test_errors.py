"""Errors and their API answers."""

import pytest

from batches.errors import InvalidTransition, NothingOwn, QuotaExceeded, TemplateChanged
from content.api.errors import answer
from content.errors import ApplicationError, Invalid, TooManyLogins, WrongCredentials


class Teapot(ApplicationError):
    code = "teapot"
    message = "No coffee."
    status = 418


@pytest.mark.parametrize(
    ("error", "status", "headers"),
    [
        (Teapot(), 418, {}),
        (ApplicationError(), 400, {}),
        (Invalid(errors={}), 400, {}),
        (NothingOwn(), 403, {}),
        (InvalidTransition("completed", "held"), 409, {}),
        (TemplateChanged(), 409, {}),
        (WrongCredentials(), 401, {"WWW-Authenticate": "Token"}),
        (TooManyLogins(reset_seconds=0), 429, {"Retry-After": "1"}),
        (
            QuotaExceeded(limit=5, remaining=0, reset_seconds=60),
            429,
            {
                "Retry-After": "60",
                "RateLimit-Policy": '"batches";q=5;w=3600',
                "RateLimit": '"batches";r=0;t=60',
            },
        ),
    ],
)
def test_status_and_headers_of_an_error(error, status, headers):
    given = answer(error, {})
    assert (given.status_code, given.data["code"]) == (status, error.code)
    assert given.data["message"] == error.message
    assert {**given.headers, "Content-Type": ""} == {**headers, "Content-Type": ""}
