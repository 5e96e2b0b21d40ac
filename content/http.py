"""Requests of signed-in users, for the type checker."""

from django.http import HttpRequest
from rest_framework.request import Request

from content.models import User


class AuthenticatedHttpRequest(HttpRequest):
    user: User


class AuthenticatedRequest(Request):
    user: User


def user_of(request: HttpRequest) -> User:
    """The signed-in user of a request that a login has passed."""
    return request.user  # type: ignore[return-value]
