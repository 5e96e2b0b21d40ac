"""A price for each item, as a file has them: prepared for confirmation, previewed, started."""

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
    """The lines that are to change something, so that a catalogue with six new prices is one batch.

    What waits keeps all of them, for by then a price may be another; and items that aren't the
    person's to change fail one by one. Raises Invalid when no line would change anything.
    """
    if schedule != AT_ONCE:
        return prices
    mine = Content.objects.all()
    if not may_run_for_others(by, OPERATION):
        mine = mine.owned_by(by)
    contents = mine.in_bulk([line.content_id for line in prices.lines])

    def is_so_already(line: PriceLine) -> bool:
        content = contents.get(line.content_id)
        if content is None or content.is_removed:
            return False
        return line.payload.get("newPrice") == content.price

    unchanged = [line.number for line in prices.lines if is_so_already(line)]
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
    """Freeze the items of any creators with their versions, for confirmation.

    Ids that are unknown, or somebody else's, go along and fail one by one. Raises Invalid, and
    NotAllowed when the person may change none of the items.
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
    """Whose items starting these would change, and what it would do; nothing is kept.

    Raises Invalid and NotAllowed just as that would.
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
    """Prepare and confirm in one: a batch for each creator and each BATCH_MAX_ITEMS items.

    Raises Invalid, NotAllowed and QuotaExceeded; then nothing is kept.
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
    """What `prepare_prices` would keep, refused just as there, without keeping it."""
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
