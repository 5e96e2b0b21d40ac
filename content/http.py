"""The type of requests of signed-in users, for the type checker."""

from django.http import HttpRequest
from rest_framework.request import Request

from content.models import User


class AuthenticatedHttpRequest(HttpRequest):
    user: User


class AuthenticatedRequest(Request):
    user: User
