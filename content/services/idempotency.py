"""Idempotency keys: a repeated request has one effect and one answer."""

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
    """The answer to a request; the body is plain JSON."""

    status: int
    body: Any
    headers: Mapping[str, str]
    is_replayed: bool = False


class _Taken(Exception):
    """The key exists; raised to end the failed transaction."""


def fingerprint_of(method: str, path: str, body: Any) -> str:
    """Equal for equivalent requests, regardless of JSON white space and order."""
    text = json.dumps([method, path.rstrip("/"), body], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def answer_once(user: User, key: str, fingerprint: str, make: Callable[[], Answer]) -> Answer:
    """Return the answer of `make`; within a day, the first answer again for the same user and key.

    `make` and the key's row share one transaction, so a refused request leaves its key unused.
    Raises KeyReused for another request with this key, and KeyInUse if the first one is still
    running.
    """
    digest = hashlib.sha256(f"{user.pk} {key}".encode()).hexdigest()
    for _ in range(TRIES):
        try:
            return _first_answer(user, digest, fingerprint, make)
        except _Taken:
            row = IdempotencyKey.objects.filter(pk=digest).first()
        if row is None:
            continue  # it expired in between
        if row.fingerprint != fingerprint:
            raise KeyReused
        return Answer(row.status, row.body, row.headers, is_replayed=True)
    raise KeyInUse


@atomic
def _first_answer(user: User, digest: str, fingerprint: str, make: Callable[[], Answer]) -> Answer:
    _forgotten().filter(pk=digest).delete()
    try:
        # Concurrent requests wait here: the second finds the key taken after the first commits.
        row = IdempotencyKey.objects.create(digest=digest, user=user, fingerprint=fingerprint)
    except IntegrityError as error:
        raise _Taken from error
    answer = make()
    IdempotencyKey.objects.filter(pk=row.pk).update(
        status=answer.status, body=answer.body, headers=dict(answer.headers)
    )
    return replace(answer, is_replayed=False)


def forget_old_keys() -> None:
    """Delete expired keys."""
    _forgotten().delete()


def _forgotten() -> Any:
    return IdempotencyKey.objects.filter(created_at__lte=timezone.now() - LIFE)
