"""The hourly quota of batches; the wallet's row serialises concurrent starts."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import F, Q
from django.utils import timezone

from batches.errors import QuotaExceeded
from config.rows import update_rows
from content.models import User, Wallet

WINDOW = timedelta(hours=1)


@dataclass(frozen=True)
class Quota:
    """The hour starts with its first batch; `reset_at` is None before that."""

    limit: int
    remaining: int
    reset_at: datetime | None

    @property
    def reset_seconds(self) -> int:
        if self.reset_at is None:
            return 0
        return max(0, round((self.reset_at - timezone.now()).total_seconds()))


def quota_of(wallet: Wallet) -> Quota:
    """Return the remaining quota, from the row as it was read."""
    limit = settings.BATCH_QUOTA_PER_HOUR
    if wallet.quota_since is None or wallet.quota_since <= timezone.now() - WINDOW:
        return Quota(limit, limit, None)
    remaining = max(0, limit - wallet.quota_used)
    return Quota(limit, remaining, wallet.quota_since + WINDOW)


@dataclass(frozen=True)
class Need:
    """How many batches of one creator a start creates, and the remaining quota."""

    wallet: Wallet
    batches: int
    quota: Quota | None  # None for runs by staff, which don't count

    @property
    def is_too_much(self) -> bool:
        return self.quota is not None and self.batches > self.quota.remaining


def need_of(wallet: Wallet, batches: int, *, by: User) -> Need:
    """Return the need of that user's start of `batches` batches."""
    return Need(wallet, batches, quota_of(wallet) if wallet.owner_id == by.pk else None)


def lock_wallet(wallet: Wallet) -> None:
    """Lock the wallet's row until the transaction ends, for checks that count its rows.

    Increments and decrements: MongoDB ignores a write that changes nothing.
    """
    row = Wallet.objects.filter(pk=wallet.pk)
    row.update(quota_used=F("quota_used") + 1)
    row.update(quota_used=F("quota_used") - 1)


def take_quota(wallet: Wallet, batches: int = 1) -> None:
    """Count `batches` against the quota; call it in the transaction that creates them.

    Raises QuotaExceeded if fewer are left. Updates the wallet object.
    """
    limit = settings.BATCH_QUOTA_PER_HOUR
    now = timezone.now()
    if wallet.quota_since is not None and wallet.quota_since > now - WINDOW:
        # Fast path: the row is unchanged since it was read, so no second read.
        used = wallet.quota_used + batches
        as_read = {
            "pk": wallet.pk,
            "quota_used": wallet.quota_used,
            "quota_since": wallet.quota_since,
        }
        if used <= limit and update_rows(Wallet, as_read, {"quota_used": used}):
            wallet.quota_used = used
            return
    row = Wallet.objects.filter(pk=wallet.pk)
    room = row.filter(quota_since__gt=now - WINDOW, quota_used__lte=limit - batches)
    over = Q(quota_since__isnull=True) | Q(quota_since__lte=now - WINDOW)
    taken = (
        room.update(quota_used=F("quota_used") + batches)
        or (batches <= limit and row.filter(over).update(quota_used=batches, quota_since=now))
        # Another transaction may have started the hour in between.
        or room.update(quota_used=F("quota_used") + batches)
    )
    wallet.refresh_from_db(fields=["quota_used", "quota_since"])
    if not taken:
        quota = quota_of(wallet)
        raise QuotaExceeded(
            limit=limit, remaining=quota.remaining, reset_seconds=quota.reset_seconds
        )
