"""Requests of people who are signed in, for the type checker: whoever asks is a `User`."""

from django.http import HttpRequest
from rest_framework.request import Request

from content.models import User


class AuthenticatedHttpRequest(HttpRequest):
    user: User


class AuthenticatedRequest(Request):
    user: User
