"""A price for each item, as a file has them: prepared for confirmation, previewed, started."""

from batches import rules
from batches.models import Source, Submission
from batches.services.drafts import AT_ONCE, Waiting, draft
from batches.services.preview import Preview
from batches.services.price_lines import OPERATION, Prices
from batches.services.submissions import (
    confirm,
    contents_of,
    items_by_creator,
    preview_submission,
    refuse_under_policy,
)
from config.database import atomic
from content.models import User, Wallet


def prepare_prices(
    prices: Prices,
    *,
    by: User,
    source: Source,
    error_policy: str = rules.SKIP_FAILED,
    waiting: Waiting = AT_ONCE,
) -> Submission:
    """Freeze the items of any creators with their versions, for confirmation.

    Ids that are unknown, or somebody else's, go along and fail one by one. Raises Invalid, and
    NotAllowed when the person may change none of the items.
    """
    submission = _draft(prices, by=by, source=source, error_policy=error_policy, waiting=waiting)
    submission.save(force_insert=True)
    return submission


def preview_prices(
    prices: Prices,
    *,
    by: User,
    source: Source,
    error_policy: str = rules.SKIP_FAILED,
    waiting: Waiting = AT_ONCE,
) -> tuple[list[Wallet], Preview]:
    """Whose items starting these would change, and what it would do; nothing is kept.

    Raises Invalid and NotAllowed just as that would.
    """
    submission = _draft(prices, by=by, source=source, error_policy=error_policy, waiting=waiting)
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
    waiting: Waiting = AT_ONCE,
) -> Submission:
    """Prepare and confirm in one: a batch for each creator and each BATCH_MAX_ITEMS items.

    Raises Invalid, NotAllowed and QuotaExceeded; then nothing is kept.
    """
    submission = prepare_prices(
        prices, by=by, source=source, error_policy=error_policy, waiting=waiting
    )
    return confirm(submission.pk, by=by)


def _draft(
    prices: Prices, *, by: User, source: Source, error_policy: str, waiting: Waiting
) -> Submission:
    return draft(
        by=by,
        source=source,
        operation=OPERATION,
        payload={},
        content_ids=[line.content_id for line in prices.lines],
        item_payloads=[line.payload for line in prices.lines],
        error_policy=error_policy,
        waiting=waiting,
    )
