"""API tokens of users."""

from datetime import timedelta

from django.utils import timezone

from config.database import atomic
from content import rules
from content.errors import Invalid, NotFound, TooManyTokens
from content.models import ApiToken, User

MAX_TOKENS = 50
MAX_NAME = 100


@atomic
def create_token(user: User, *, name: str, lifetime: timedelta) -> tuple[ApiToken, str]:
    """Return a new token and its text, which is not stored.

    Raises Invalid for an invalid or duplicate name, and TooManyTokens.
    """
    try:
        name = rules.clean_text(name, minimum=1, maximum=MAX_NAME)
    except ValueError as error:
        raise Invalid(errors={"name": [str(error)]}) from error
    # Serialises concurrent creations; on MongoDB a few may exceed the limit, which is harmless.
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    drop_expired_tokens(user)
    if ApiToken.objects.filter(user=user, name=name).exists():
        # Also happens when the page of a new token is reloaded.
        raise Invalid(errors={"name": ["You already have a token with this name: choose another."]})
    if ApiToken.objects.filter(user=user).count() >= MAX_TOKENS:
        raise TooManyTokens(maximum=MAX_TOKENS)
    token, text = ApiToken.objects.create(user=user, name=name, expiry=lifetime)
    return token, text


def revoke_token(user: User, token_key: str) -> ApiToken:
    """Revoke one of the user's tokens; NotFound for tokens of others."""
    # Not every database can compare other characters.
    is_key = token_key.isascii() and token_key.isalnum()
    own = ApiToken.objects.filter(user=user, token_key=token_key)
    token: ApiToken | None = own.first() if is_key else None
    if token is None:
        raise NotFound
    ApiToken.objects.filter(pk=token.pk).delete()
    return token


def revoke_all_tokens(user: User) -> int:
    """Revoke all tokens of the user; returns how many."""
    return ApiToken.objects.filter(user=user).delete()[0]


def drop_expired_tokens(user: User) -> None:
    ApiToken.objects.filter(user=user, expiry__lt=timezone.now()).delete()
