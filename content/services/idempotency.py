"""The same request twice has one effect and one answer: keys that callers choose."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from django.db import IntegrityError
from django.utils import timezone

from config.database import atomic
from content.errors import KeyInUse, KeyReused
from content.models import IdempotencyKey, User

LIFE = timedelta(hours=24)
TRIES = 3


@dataclass(frozen=True)
class Answer:
    """What a request was answered; the body is plain JSON."""

    status: int
    body: Any
    headers: Mapping[str, str]
    is_replayed: bool = False


class _Taken(Exception):
    """Somebody used the key before; raised so that the transaction, which is spoilt, ends."""


def fingerprint_of(method: str, path: str, body: Any) -> str:
    """Equal for requests that ask for the same, however their JSON is spaced and ordered."""
    text = json.dumps([method, path.rstrip("/"), body], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def answer_once(user: User, key: str, fingerprint: str, make: Callable[[], Answer]) -> Answer:
    """What `make` answers; within a day, for the same user and key, the first answer again.

    `make` runs in one transaction with the key's row: both stay or neither, so a request that was
    refused leaves its key free. Raises KeyReused for another request under this key, and KeyInUse
    when the first one can't be waited for.
    """
    digest = hashlib.sha256(f"{user.pk} {key}".encode()).hexdigest()
    for _ in range(TRIES):
        try:
            return _first_answer(user, digest, fingerprint, make)
        except _Taken:
            row = IdempotencyKey.objects.filter(pk=digest).first()
        if row is None:
            continue  # it was forgotten in between
        if row.fingerprint != fingerprint:
            raise KeyReused
        return Answer(row.status, row.body, row.headers, is_replayed=True)
    raise KeyInUse


@atomic
def _first_answer(user: User, digest: str, fingerprint: str, make: Callable[[], Answer]) -> Answer:
    _forgotten().filter(pk=digest).delete()
    try:
        # Twins wait here for one another: the second finds the key taken once the first is done.
        row = IdempotencyKey.objects.create(digest=digest, user=user, fingerprint=fingerprint)
    except IntegrityError as error:
        raise _Taken from error
    answer = make()
    IdempotencyKey.objects.filter(pk=row.pk).update(
        status=answer.status, body=answer.body, headers=dict(answer.headers)
    )
    return replace(answer, is_replayed=False)


def forget_old_keys() -> None:
    """Drop the keys whose day has passed."""
    _forgotten().delete()


def _forgotten() -> Any:
    return IdempotencyKey.objects.filter(created_at__lte=timezone.now() - LIFE)
