"""The tokens that people call the API with."""

from datetime import timedelta

from django.utils import timezone

from config.database import atomic
from content import rules
from content.errors import Invalid, NotThere, TooManyTokens
from content.models import ApiToken, User

MOST_TOKENS = 50
MAX_NAME = 100


@atomic
def create_token(user: User, *, name: str, lifetime: timedelta) -> tuple[ApiToken, str]:
    """A new token, and its text, which is stored nowhere.

    Raises Invalid for a name that can't be shown or is used already, and TooManyTokens.
    """
    try:
        name = rules.clean_text(name, least=1, most=MAX_NAME)
    except ValueError as error:
        raise Invalid(errors={"name": [str(error)]}) from error
    # Makes those who create at the same time wait; on MongoDB a few may pass, which harms nobody.
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    drop_expired_tokens(user)
    if ApiToken.objects.filter(user=user, name=name).exists():
        # Also what reloading the page that shows a new token would do.
        raise Invalid(errors={"name": ["You have a token of this name already: choose another."]})
    if ApiToken.objects.filter(user=user).count() >= MOST_TOKENS:
        raise TooManyTokens(most=MOST_TOKENS)
    token, text = ApiToken.objects.create(user=user, name=name, expiry=lifetime)
    return token, text


def revoke_token(user: User, token_key: str) -> ApiToken:
    """End one of the person's own tokens; NotThere for everybody else's, as for none at all."""
    # Anything else could not be compared by every database.
    is_key = token_key.isascii() and token_key.isalnum()
    own = ApiToken.objects.filter(user=user, token_key=token_key)
    token: ApiToken | None = own.first() if is_key else None
    if token is None:
        raise NotThere
    ApiToken.objects.filter(pk=token.pk).delete()
    return token


def revoke_all_tokens(user: User) -> int:
    """End all tokens of the person; returns how many there were."""
    return ApiToken.objects.filter(user=user).delete()[0]


def drop_expired_tokens(user: User) -> None:
    ApiToken.objects.filter(user=user, expiry__lt=timezone.now()).delete()
