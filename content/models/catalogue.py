"""Items for sale and their history."""

from typing import Any, Protocol, Self
from uuid import UUID

from django.conf import settings
from django.db import models
from django.utils import timezone
from uuid_utils.compat import uuid7

from config.indexes import PresentIndex
from content import rules
from content.models.accounts import User, Wallet
from content.models.chain import ContractCall


class ContentQuerySet(models.QuerySet["Content"]):
    def by_creator(self, *addresses: str) -> Self:
        return self.filter(creator_id__in=addresses)

    def owned_by(self, user: User) -> Self:
        # A list, since MongoDB can't join; users own few wallets.
        addresses = Wallet.objects.owned_by(user).values_list("address", flat=True)
        return self.by_creator(*addresses)

    def removed(self, is_removed: bool = True) -> Self:
        return self.filter(is_removed=is_removed)

    def priced(self, minimum: int | None = None, maximum: int | None = None) -> Self:
        """Prices in micro-STX, both ends included."""
        bounds = {"price__gte": minimum, "price__lte": maximum}
        return self.filter(**{name: bound for name, bound in bounds.items() if bound is not None})

    def of_type(self, content_type: str) -> Self:
        return self.filter(content_type=content_type)

    def search(self, words: str) -> Self:
        """Items whose title or id contains each of the words."""
        found = self
        for word in words.split():
            is_there = models.Q(title__icontains=word) | models.Q(content_id__icontains=word)
            found = found.filter(is_there)
        return found

    def matching(
        self,
        *,
        content_type: str = "",
        minimum: int | None = None,
        maximum: int | None = None,
        is_removed: bool | None = None,
        search: str = "",
    ) -> Self:
        """Return the items that match a filter; None and empty strings match any."""
        found = self.priced(minimum, maximum)
        if is_removed is not None:
            found = found.removed(is_removed)
        if content_type:
            found = found.of_type(content_type)
        return found.search(search) if search else found


class Content(models.Model):
    """One item for sale. Never deleted, and written only by `services.catalogue.changes`."""

    class Type(models.TextChoices):
        VIDEO = "video", "Video"
        ARTICLE = "article", "Article"
        IMAGE = "image", "Image"
        MUSIC = "music", "Music"
        TUTORIAL = "tutorial", "Tutorial"
        PODCAST = "podcast", "Podcast"
        COURSE = "course", "Course"
        BOOK = "book", "Book"

    content_id = models.CharField("id", primary_key=True, max_length=64, db_column="_id")
    title = models.CharField(max_length=rules.MAX_TITLE)
    description = models.TextField(blank=True)
    content_type = models.CharField("type", max_length=16, choices=Type, default=Type.VIDEO)
    price = models.BigIntegerField(help_text="In micro-STX: 1 STX = 1,000,000.")
    creator = models.ForeignKey(
        Wallet, on_delete=models.PROTECT, related_name="contents", db_index=False
    )
    url = models.URLField(
        max_length=2000,
        blank=True,
        help_text="The content that buyers pay for; shown only to people with access.",
    )
    token_gating = models.JSONField(default=dict, blank=True)
    refundable = models.BooleanField(default=False)
    refund_window_days = models.PositiveIntegerField(default=0)
    is_removed = models.BooleanField("removed", default=False)
    removed_at = models.DateTimeField(null=True, blank=True)
    removal_reason = models.CharField(max_length=500, blank=True)
    onchain_id = models.BigIntegerField(
        "on-chain id",
        null=True,
        blank=True,
        unique=True,
        help_text="Empty if not registered on the chain.",
    )
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_by = models.CharField(max_length=80, editable=False)

    objects = ContentQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-content_id"]
        verbose_name = "content"
        verbose_name_plural = "contents"
        indexes = [
            # A creator's items, newest first, with and without removed ones.
            models.Index(
                fields=["creator", "is_removed", "created_at"], name="content_content_of_creator"
            ),
            # The catalogue, newest first.
            models.Index(fields=["is_removed", "created_at"], name="content_content_newest"),
            models.Index(fields=["content_type", "created_at"], name="content_content_type"),
            models.Index(fields=["price"], name="content_content_price"),
        ]

    def __str__(self) -> str:
        return self.title


class ContentRow(Protocol):
    """The fields of an item needed to evaluate it: a Content, or a row."""

    @property
    def pk(self) -> str: ...

    @property
    def creator_id(self) -> str: ...

    @property
    def price(self) -> int: ...

    @property
    def token_gating(self) -> dict[str, Any]: ...

    @property
    def is_removed(self) -> bool: ...

    @property
    def onchain_id(self) -> int | None: ...

    @property
    def version(self) -> int: ...


def batch_of(cause: str) -> UUID | None:
    """Return the batch id in a change's cause; None for any other cause."""
    name, _, key = cause.partition(":")
    try:
        return UUID(key) if name == "batch" else None
    except ValueError:
        return None


class ContentChangeQuerySet(models.QuerySet["ContentChange"]):
    def removal_of(self, content: Content) -> "ContentChange | None":
        """Return the change that removed the item; None while it is on sale."""
        if not content.is_removed:
            return None
        changes = self.filter(content=content).order_by("-version")
        # Almost always the newest: removed items rarely change.
        return next((change for change in changes[:50] if "is_removed" in change.after), None)


class ContentChange(models.Model):
    """One change of one item, from any door; queued changes are the contract's outbox."""

    class ChainState(models.TextChoices):
        NONE = "none", "No on-chain update needed"
        QUEUED = "queued", "Queued"
        RETRYING = "retrying", "Retrying"
        BROADCAST = "broadcast", "Sent"
        INCLUDED = "included", "In a block"
        CONFIRMED = "confirmed", "Confirmed"
        FAILED = "failed", "Failed"
        NOT_ATTEMPTED = "not-attempted", "Not attempted"

    # The states that are not final.
    OPEN_STATES = frozenset(
        {ChainState.QUEUED, ChainState.RETRYING, ChainState.BROADCAST, ChainState.INCLUDED}
    )

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False, db_column="_id")
    content = models.ForeignKey(
        Content, on_delete=models.PROTECT, related_name="changes", db_index=False
    )
    version = models.PositiveIntegerField()
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        db_index=False,
    )
    cause = models.CharField(max_length=80)
    at = models.DateTimeField(default=timezone.now)
    chain_state = models.CharField(max_length=16, choices=ChainState, default=ChainState.NONE)
    chain_error = models.CharField(max_length=300, blank=True)
    contract_call = models.ForeignKey(
        ContractCall, null=True, on_delete=models.PROTECT, related_name="changes", db_index=False
    )

    objects = ContentChangeQuerySet.as_manager()

    class Meta:
        ordering = ["-version"]
        constraints = [
            models.UniqueConstraint(fields=["content", "version"], name="content_change_once"),
        ]
        indexes = [
            # The sender: queued changes, which are few.
            models.Index(
                fields=["chain_state", "id"],
                name="content_change_queued",
                condition=models.Q(chain_state="queued"),
            ),
            # The changes of one call; most changes have none.
            PresentIndex(fields=["contract_call"], name="content_change_of_call"),
        ]

    def __str__(self) -> str:
        return f"{self.content_id} version {self.version}"

    @property
    def batch_id(self) -> UUID | None:
        """The batch that caused the change; None for any other cause."""
        return batch_of(self.cause)
