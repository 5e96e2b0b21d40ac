"""Draft a price change with a price for each item, as in a file."""

from dataclasses import replace

from batches import rules
from batches.models import Source, Submission
from batches.services.orders.schedule import AT_ONCE, Schedule
from batches.services.permissions import may_run_for_others
from batches.services.runs.draft import draft
from batches.services.runs.price_lines import ALL_UNCHANGED, OPERATION, PriceLine, Prices, refused
from content.models import Content, User


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


def draft_prices(
    prices: Prices,
    *,
    by: User,
    source: Source,
    error_policy: str = rules.SKIP_FAILED,
    schedule: Schedule = AT_ONCE,
) -> Submission:
    """Draft the change of these prices with the versions of the items; nothing is saved.

    Ids that are unknown or belong to someone else are kept and fail one by one. Raises Invalid,
    and NotAllowed if the user may change none of the items.
    """
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
