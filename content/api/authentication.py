"""Token authentication by the Authorization header."""

from typing import Any

from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from knox.auth import TokenAuthentication as KnoxTokenAuthentication
from rest_framework.authentication import get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from content.models import ApiToken, User


class TokenAuthentication(KnoxTokenAuthentication):
    """Knox's authentication, safe for any bytes in the header, without reading other tokens."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        if get_authorization_header(request).lower().startswith(b"bearer"):
            raise AuthenticationFailed(
                "Write `Authorization: Token …`, not Bearer. Tokens come from POST /api/auth/login."
            )
        return super().authenticate(request)  # type: ignore[no-any-return, no-untyped-call]

    def authenticate_credentials(self, token: bytes) -> tuple[User, ApiToken]:
        # Other characters can't be decoded, or compared by every database.
        if not token.isalnum() or not token.isascii():
            raise AuthenticationFailed("Invalid token.")
        return super().authenticate_credentials(token)  # type: ignore[no-any-return, no-untyped-call]

    def _cleanup_token(self, auth_token: ApiToken) -> bool:
        """Knox reads and prunes all tokens of the user at each request; here only log-in does."""
        return auth_token.expiry is not None and auth_token.expiry < timezone.now()


class TokenScheme(OpenApiAuthenticationExtension):
    target_class = TokenAuthentication
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "`Token …`, from POST /api/auth/login or the page “API tokens”",
        }
