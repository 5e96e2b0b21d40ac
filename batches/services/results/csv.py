"""Results of batches as CSV, for spreadsheets and programs; streamed in parts."""

import csv
import json
from collections.abc import Iterator, Sequence
from typing import Any

from batches.models import BatchItem, BatchOperation
from batches.operations import known_operation
from batches.services.evaluate import payload_of
from batches.services.results.results import Result, left_of, result_of, titles_of
from content.cells import neutral_cell
from content.rules import wire_name

# The outcome, in a file of all results, of ids that an ended batch did not process.
NOT_ATTEMPTED = "not-attempted"
NOT_ATTEMPTED_WORDS = "Not attempted: the batch ended before this item was processed"
# The number of batches read at once, which bounds memory and queries.
BATCHES_AT_ONCE = 10

ABOUT_RESULT = ("position", "content_id", "title", "outcome", "code", "message")
ABOUT_CHANGE = ("version", "on_chain", "on_chain_error", "tx_id")
ABOUT_BATCH = ("batch_id", "creator")


def file_name(what: str, key: object, *, outcome: str = "", code: str = "") -> str:
    """Return the file name, which describes the content: `batch-0198…-failed-not-found.csv`."""
    return "-".join([what, str(key), *filter(None, (outcome, code))]) + ".csv"


def results_file(
    batches: Sequence[BatchOperation],
    *,
    outcome: str = "",
    code: str = "",
    names_batches: bool = False,
) -> Iterator[str]:
    """Yield the file line by line, in the order of the requests; all batches have the same kind.

    For an unknown kind the fields it changed are unknown, so their columns are missing.
    `outcome` may be NOT_ATTEMPTED. With `names_batches` each row names its batch.
    """
    writer = csv.writer(_Lines(), quoting=csv.QUOTE_NONNUMERIC)
    operation = known_operation(batches[0]) if batches else None
    fields = operation.changed_fields(batches[0].payload) if operation else ()
    about_batch = ABOUT_BATCH if names_batches else ()
    names = [f"{when}_{_column(name)}" for name in fields for when in ("before", "after")]
    requested = operation.requested_columns if operation else ()
    yield writer.writerow([*about_batch, *ABOUT_RESULT, *requested, *names, *ABOUT_CHANGE])
    for start in range(0, len(batches), BATCHES_AT_ONCE):
        part = batches[start : start + BATCHES_AT_ONCE]
        for batch, cells in _rows(part, fields, outcome=outcome, code=code):
            own = [str(batch.pk), batch.creator_id] if names_batches else []
            yield writer.writerow([neutral_cell(cell) for cell in (*own, *cells)])


def _rows(
    batches: Sequence[BatchOperation], fields: Sequence[str], *, outcome: str, code: str
) -> Iterator[tuple[BatchOperation, list[Any]]]:
    ended = [batch for batch in batches if batch.is_finished]
    left = left_of(ended) if not code and outcome in ("", NOT_ATTEMPTED) else []
    items: list[BatchItem] = []
    if outcome != NOT_ATTEMPTED:
        found = BatchItem.objects.of(batches).matching(outcome=outcome, code=code)
        items = list(found.with_changes())
    batch_of = {batch.pk: batch for batch in batches}
    pairs = [(batch_of[item.batch_id], item.content_id) for item in items]
    titles = titles_of([*pairs, *left])
    item_of = {(item.batch_id, item.content_id): item for item in items}
    is_left = {(batch.pk, key) for batch, key in left}
    for batch in batches:
        operation = known_operation(batch)
        columns = operation.requested_columns if operation else ()
        for position, key in enumerate(batch.content_ids, start=1):
            item = item_of.get((batch.pk, key))
            if item is None and (batch.pk, key) not in is_left:
                continue
            about = [position, key, titles.get((batch.pk, key), "")]
            wanted = (
                operation.requested_values(payload_of(batch, position - 1)) if operation else {}
            )
            requested = [wanted.get(column, "") for column in columns]
            if item is not None:
                result = result_of(operation, item)
                outcome_cells = [result.outcome.value, result.code, result.words]
                yield batch, [*about, *outcome_cells, *requested, *_cells(result, fields)]
            else:
                empty = [""] * (2 * len(fields) + len(ABOUT_CHANGE))
                yield batch, [*about, NOT_ATTEMPTED, "", NOT_ATTEMPTED_WORDS, *requested, *empty]


def _cells(result: Result, fields: Sequence[str]) -> list[Any]:
    before, after = result.before or {}, result.after or {}
    return [
        *(_plain(values.get(name)) for name in fields for values in (before, after)),
        result.version,
        str(result.chain_state) if result.is_success else "",
        result.chain_error,
        result.tx_id,
    ]


def _column(name: str) -> str:
    return "price_micro_stx" if name == "price" else wire_name(name)


def _plain(value: Any) -> Any:
    """Return a value as one cell: objects as JSON, lower-case true and false, empty for None."""
    if isinstance(value, bool | dict | list):
        return json.dumps(value, ensure_ascii=False)
    return value


class _Lines:
    """A file object whose `write` returns the line, so that `writerow` returns it."""

    def write(self, line: str) -> str:
        return line
