"""The only writer of Content: every change increments the version and adds a ContentChange."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.conf import settings
from django.db import IntegrityError
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from config.database import atomic
from config.rows import ByKey, Plus, among, insert_rows, new_keys, read_locked, update_among
from content.contract import call_for
from content.errors import AlreadyExists, StaleVersion
from content.models import Content, ContentChange, ContentRow, User

# The fields of changes and history; all others are bookkeeping.
FIELDS = (
    "title",
    "description",
    "content_type",
    "price",
    "creator_id",
    "url",
    "token_gating",
    "refundable",
    "refund_window_days",
    "is_removed",
    "removed_at",
    "removal_reason",
    "onchain_id",
)

# Those of them that are datetimes.
TIMES = frozenset({"removed_at"})

# The fields that every check needs, besides the changed fields.
EVALUATED_FIELDS = ("pk", "creator_id", "is_removed", "onchain_id", "version")


class Change(NamedTuple):
    """New values for one item; only fields that differ are written."""

    content: ContentRow
    after: Mapping[str, Any]


class Written(NamedTuple):
    """The ContentChange of a written change."""

    change_id: str
    is_for_chain: bool


def lock_contents(content_ids: Iterable[str]) -> dict[str, Content]:
    """Read and lock items for a change, in key order so that two batches can't deadlock.

    SQLite and MongoDB lock nothing here: their transactions make concurrent writers wait or
    restart. Call it inside `atomic`. Unknown ids are left out.
    """
    found = Content.objects.filter(among(content_ids)).order_by("pk")
    return {content.pk: content for content in found.select_for_update(no_key=True)}


def lock_rows(content_ids: Iterable[str], *, reading: Iterable[str]) -> dict[str, ContentRow]:
    """Lock the rows and load only the fields the checks and `reading` need.

    Returns rows, since creating model objects takes longer than the query.
    """
    names = tuple(dict.fromkeys((*EVALUATED_FIELDS, *reading)))
    return {row.pk: row for row in read_locked(Content, names, content_ids)}


@atomic
def apply_changes(changes: Sequence[Change], *, by: User | None, cause: str) -> list[Written]:
    """Write changes of items that `lock_contents` read in this transaction.

    `cause` is `batch:<id>`, `admin`, `api` or `import`. Returns the written change for each,
    in the same order. Raises StaleVersion when an item was written since it was read.
    """
    now = timezone.now()
    changes = [_in_milliseconds(change) for change in changes]
    states = [
        _chain_state(after.get("onchain_id", row.onchain_id), after) for row, after in changes
    ]
    keys = new_keys(len(changes))
    _update(changes, updated_at=now, updated_by=_writer(by, cause))
    try:
        insert_rows(
            ContentChange,
            same={"by_id": by.pk if by else None, "cause": cause, "at": now},
            each={
                "id": keys,
                "content_id": [row.pk for row, _ in changes],
                "version": [row.version + 1 for row, _ in changes],
                "before": [
                    _plain({name: getattr(row, name) for name in after}) for row, after in changes
                ],
                "after": [_plain(after) for _, after in changes],
                "chain_state": states,
            },
        )
    except IntegrityError as error:  # the version exists: someone wrote since we read
        raise StaleVersion from error
    queued = ContentChange.ChainState.QUEUED
    return [Written(key, state == queued) for key, state in zip(keys, states, strict=True)]


@atomic
def change_content(
    content_id: str,
    after: Mapping[str, Any] | Callable[[Content], Mapping[str, Any]],
    *,
    version: int | None,
    by: User,
    cause: str,
) -> Content:
    """Change one item manually; writes nothing if nothing differs.

    `after` may be computed from the locked item, and may raise to refuse. `version` is the one
    that the user saw, None for any. Raises StaleVersion, Content.DoesNotExist.
    """
    content = lock_contents([content_id]).get(content_id)
    if content is None:
        raise Content.DoesNotExist(content_id)
    if version is not None and content.version != version:
        raise StaleVersion
    wanted = after(content) if callable(after) else after
    different = {name: value for name, value in wanted.items() if getattr(content, name) != value}
    if different:
        apply_changes([Change(content, different)], by=by, cause=cause)
        content.refresh_from_db()
    return content


@atomic
def add_contents(
    contents: Sequence[Content], *, by: User | None, cause: str
) -> list[ContentChange]:
    """Insert new items, each with its first ContentChange. Raises AlreadyExists."""
    now = timezone.now()
    for content in contents:
        content.version = 1
        content.created_at = content.updated_at = now
        content.updated_by = _writer(by, cause)
    try:
        Content.objects.bulk_create(contents)
    except IntegrityError as error:
        raise AlreadyExists from error
    return ContentChange.objects.bulk_create(
        ContentChange(
            content_id=content.pk,
            version=1,
            before={},
            after=_plain({name: getattr(content, name) for name in FIELDS}),
            by=by,
            cause=cause,
            at=now,
        )
        for content in contents
    )


def from_history(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of a ContentChange's `before` or `after` as model values."""
    return {
        name: parse_datetime(value) if name.endswith("_at") and value else value
        for name, value in fields.items()
    }


def _in_milliseconds(change: Change) -> Change:
    """Times in MongoDB's precision, so that the history equals the item."""
    if TIMES.isdisjoint(change.after):
        return change
    after = {
        name: value.replace(microsecond=value.microsecond // 1000 * 1000)
        if isinstance(value, datetime)
        else value
        for name, value in change.after.items()
    }
    return change._replace(after=after)


def _update(changes: Sequence[Change], **bookkeeping: Any) -> None:
    """One UPDATE per set of fields."""
    groups: dict[tuple[str, ...], list[Change]] = defaultdict(list)
    for change in changes:
        groups[tuple(sorted(change.after))].append(change)
    for names, group in groups.items():
        values = {name: _new_values(name, group) for name in names}
        keys = [change.content.pk for change in group]
        written = update_among(Content, keys, {"version": Plus(1), **values, **bookkeeping})
        if written != len(keys):
            raise StaleVersion


def _new_values(name: str, group: Sequence[Change]) -> Any:
    first = group[0].after[name]
    if all(change.after[name] == first for change in group):
        return first
    return ByKey({change.content.pk: change.after[name] for change in group})


def _chain_state(onchain_id: int | None, after: Mapping[str, Any]) -> str:
    if call_for(onchain_id, after) is None:
        return ContentChange.ChainState.NONE
    if settings.CONTRACT_CLIENT == "off":
        return ContentChange.ChainState.NOT_ATTEMPTED
    return ContentChange.ChainState.QUEUED


def _plain(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """As JSON values."""
    if TIMES.isdisjoint(values):
        return values
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in values.items()
    }


def _writer(by: User | None, cause: str) -> str:
    return f"user:{by.pk}" if by and not cause.startswith("batch:") else cause
