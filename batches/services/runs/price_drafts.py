"""Prepare, preview and start a price change with a price for each item, as in a file."""

from dataclasses import replace

from batches import rules
from batches.models import Source, Submission
from batches.services.orders.preview import Preview
from batches.services.orders.schedule import AT_ONCE, Schedule
from batches.services.permissions import may_run_for_others
from batches.services.runs.confirm import preview_submission, refuse_under_policy, start_draft
from batches.services.runs.draft import draft
from batches.services.runs.price_lines import ALL_UNCHANGED, OPERATION, PriceLine, Prices, refused
from batches.services.runs.split import contents_of, items_by_creator
from config.database import atomic
from content.models import Content, User, Wallet


def without_unchanged(prices: Prices, schedule: Schedule = AT_ONCE, *, by: User) -> Prices:
    """Leave out the lines that name the current price: six new prices in a catalogue are one batch.

    A change that waits keeps all lines, since prices may change until it starts; and items that
    the user may not change stay, to fail one by one. Raises Invalid if no line changes anything.
    """
    if schedule != AT_ONCE:
        return prices
    mine = Content.objects.all()
    if not may_run_for_others(by, OPERATION):
        mine = mine.owned_by(by)
    contents = mine.in_bulk([line.content_id for line in prices.lines])

    def is_unchanged(line: PriceLine) -> bool:
        content = contents.get(line.content_id)
        if content is None or content.is_removed:
            return False
        return line.payload.get("newPrice") == content.price

    unchanged = [line.number for line in prices.lines if is_unchanged(line)]
    if len(unchanged) == len(prices.lines):
        raise refused(ALL_UNCHANGED)
    left_out = set(unchanged)
    lines = [line for line in prices.lines if line.number not in left_out]
    return replace(prices, lines=lines, unchanged=unchanged)


def prepare_prices(
    prices: Prices,
    *,
    by: User,
    source: Source,
    error_policy: str = rules.SKIP_FAILED,
    schedule: Schedule = AT_ONCE,
) -> Submission:
    """Save the prices with the versions of the items for confirmation.

    Ids that are unknown or belong to someone else are kept and fail one by one. Raises Invalid,
    and NotAllowed if the user may change none of the items.
    """
    submission = draft_prices(
        prices, by=by, source=source, error_policy=error_policy, schedule=schedule
    )
    submission.save(force_insert=True)
    return submission


def preview_prices(
    prices: Prices,
    *,
    by: User,
    source: Source,
    error_policy: str = rules.SKIP_FAILED,
    schedule: Schedule = AT_ONCE,
) -> tuple[list[Wallet], Preview]:
    """Preview what `start_prices` would do, with the creators of the items; nothing is saved.

    Raises Invalid and NotAllowed as `start_prices` does.
    """
    submission = draft_prices(
        prices, by=by, source=source, error_policy=error_policy, schedule=schedule
    )
    contents = contents_of(submission)
    refuse_under_policy(submission, contents)
    wallets = list(items_by_creator(submission, contents))
    return wallets, preview_submission(submission, contents)


@atomic
def start_prices(
    prices: Prices,
    *,
    by: User,
    source: Source,
    error_policy: str = rules.SKIP_FAILED,
    schedule: Schedule = AT_ONCE,
) -> Submission:
    """Start without a review: one batch per creator and per BATCH_MAX_ITEMS items.

    Raises Invalid, NotAllowed and QuotaExceeded; then nothing is saved.
    """
    return start_draft(
        draft_prices(prices, by=by, source=source, error_policy=error_policy, schedule=schedule)
    )


def draft_prices(
    prices: Prices,
    *,
    by: User,
    source: Source,
    error_policy: str = rules.SKIP_FAILED,
    schedule: Schedule = AT_ONCE,
) -> Submission:
    """Build what `prepare_prices` would save, with the same checks, without saving it."""
    return draft(
        by=by,
        source=source,
        operation=OPERATION,
        payload={},
        content_ids=[line.content_id for line in prices.lines],
        item_payloads=[line.payload for line in prices.lines],
        error_policy=error_policy,
        schedule=schedule,
    )
