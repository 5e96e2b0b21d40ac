"""Stored answers of requests with an idempotency key."""

from django.conf import settings
from django.db import models
from django.utils import timezone


class IdempotencyKey(models.Model):
    """One key of one user, written in the transaction of the request."""

    # A hash of user and key, so that a duplicate violates the primary key.
    digest = models.CharField(primary_key=True, max_length=64, db_column="_id", editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    # A hash of the request: method, path and body.
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(default=0)
    body = models.JSONField(default=dict)
    headers = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        # Expired keys are deleted.
        indexes = [models.Index(fields=["created_at"], name="content_idempotencykey_old")]

    def __str__(self) -> str:
        return self.digest[:12]
