"""Log in and out."""

from typing import cast

from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from content.api.authentication import TokenAuthentication
from content.api.openapi import errors, example
from content.api.parsers import body_of
from content.api.serializers import Credentials, Token
from content.errors import Invalid
from content.http import AuthenticatedRequest
from content.models import ApiToken
from content.services.people.sign_in import open_token
from content.services.people.tokens import revoke_all_tokens


class LoginView(APIView):
    """Log in: a token for a name and a password. Only failed log-ins are throttled."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(
        operation_id="login",
        tags=["account"],
        auth=[],
        request=Credentials,
        responses={
            200: Token,
            **errors(
                400,
                401,
                413,
                415,
                429,
                status_429="Too many failed log-ins with this name; Retry-After says when.",
            ),
        },
        examples=[
            example(
                "Log in", {"username": "alice", "password": "correct horse"}, request_only=True
            ),
            example(
                "Logged in",
                {"token": "f2a9…", "expiry": "2026-11-24T17:00:00Z"},
                response_only=True,
                status_codes=["200"],
            ),
        ],
    )
    def post(self, request: Request) -> Response:
        body = body_of(request)
        if unknown := [str(name)[:64] for name in body if name not in ("username", "password")]:
            raise Invalid(errors={name: ["Unknown field."] for name in unknown})
        token, text = open_token(request._request, body.get("username"), body.get("password"))
        return Response(Token({"token": text, "expiry": token.expiry}).data)


class LogoutView(APIView):
    """Revoke the token of this request."""

    authentication_classes = (TokenAuthentication,)

    @extend_schema(
        operation_id="logout", tags=["account"], request=None, responses={204: None, **errors(401)}
    )
    def post(self, request: Request) -> Response:
        cast("ApiToken", request.auth).delete()
        return Response(status=204)


class LogoutAllView(APIView):
    """Revoke all tokens of the caller."""

    authentication_classes = (TokenAuthentication,)

    @extend_schema(
        operation_id="logoutAll",
        tags=["account"],
        request=None,
        responses={204: None, **errors(401)},
    )
    def post(self, request: AuthenticatedRequest) -> Response:
        revoke_all_tokens(request.user)
        return Response(status=204)
