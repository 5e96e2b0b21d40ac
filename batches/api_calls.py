"""The API call and the command that repeat a batch, for copying.

Times in the past are left out, since a new batch can't wait for them.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from shlex import quote
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.utils import timezone

from batches import rules
from batches.models import BatchOperation, Dependency, Status
from batches.operations import OPERATIONS, operation_for
from batches.operations.base import Operation
from batches.operations.undo import UNDO

AUTHORIZED = '-H "Authorization: Token $TOKEN"'
# The payload field of each column of a price file.
COLUMNS = {"new_price": "newPrice", "percent": "percentChange"}


def curl_of(batch: BatchOperation) -> str:
    """Return the call as a shell command; `$TOKEN` is the API token.

    Empty if there is none: the batch that it retries or undoes was deleted, its operation no
    longer exists, or its prices have dependencies that can't be sent along with a file.
    """
    if batch.kind not in OPERATIONS:
        return ""
    if batch.retry_of_id or batch.undo_of_id:
        path = f"/api/batches/{batch.retry_of_id or batch.undo_of_id}"
        body = _part_of_origin(batch)
        return _post(f"{path}/{'retry-failed' if batch.retry_of_id else 'undo'}", body)
    if UNDO in batch.payload:
        return ""
    if batch.item_payloads:
        return _post_file(batch)
    body = {
        "creator": batch.creator_id,
        "contentIds": batch.content_ids,
        **batch.payload,
        **_schedule(batch),
    }
    return _post(f"/api/batches/{operation_for(batch).api_path}", body)


def command_of(batch: BatchOperation) -> str:
    """Return the same as a command on the server; empty in the first two cases."""
    if batch.kind not in OPERATIONS:
        return ""
    words = ["manage.py run_batch"]
    origin = batch.retry_of_id or batch.undo_of_id
    if origin:
        words += ["retry" if batch.retry_of_id else "undo", str(origin)]
        if part := _part_of_origin(batch):
            words.append(f"--ids={','.join(part['contentIds'])}")
    elif UNDO in batch.payload:
        return ""
    else:
        words += [batch.kind, f"--creator={batch.creator_id}"]
        if not batch.item_payloads:
            words += _typed(operation_for(batch), batch.payload)
            words.append(f"--ids={','.join(batch.content_ids)}")
    if batch.requested_by_id != batch.creator.owner_id:
        words.append(f"--as={quote(batch.requested_by.username)}")
    if not origin:
        schedule = _schedule(batch)
        for option, name in (("at", "scheduledFor"), ("until", "until")):
            if name in schedule:
                words.append(f"--{option}={schedule[name]}")
        words += [_after(link) for link in schedule.get("dependsOn", [])]
        if batch.item_payloads:
            return " ".join([*words, "--file=-", _here_document(_price_lines(batch))])
    return " ".join(words)


def _post(path: str, body: Mapping[str, Any] | None = None) -> str:
    call = f"curl -sS {quote(settings.SITE_URL + path)} {AUTHORIZED}"
    if body is None:
        return f"{call} -X POST"
    return f"{call} \\\n  -H 'Content-Type: application/json' \\\n  -d {quote(_json(body))}"


def _post_file(batch: BatchOperation) -> str:
    """Return a call that posts a price file; empty if it can't express the dependencies."""
    schedule = _schedule(batch)
    depends_on = schedule.get("dependsOn", [])
    if not all(isinstance(link, str) for link in depends_on):
        return ""
    if depends_on:
        schedule["dependsOn"] = ",".join(depends_on)
    query = f"?{urlencode(schedule, safe=':,')}" if schedule else ""
    return (
        f"curl -sS {quote(settings.SITE_URL + '/api/prices' + query)} {AUTHORIZED} \\\n"
        f"  -H 'Content-Type: text/csv' --data-binary @- {_here_document(_price_lines(batch))}"
    )


def _json(body: Mapping[str, Any]) -> str:
    """On one line, so that no shell expands a `!`; readable, but exact."""
    text = json.dumps(body, ensure_ascii=False)
    return "".join(sign if sign.isprintable() else json.dumps(sign)[1:-1] for sign in text)


def _here_document(lines: Iterable[str]) -> str:
    return "\n".join(["<<'END'", *lines, "END"])


def _price_lines(batch: BatchOperation) -> Iterable[str]:
    """Yield the price file of the batch: ids and numbers, so nothing needs quoting."""
    own = batch.item_payloads
    columns = {name: field for name, field in COLUMNS.items() if any(field in each for each in own)}
    write = {option.path: option.write for option in operation_for(batch).options}
    yield ",".join(["content_id", *columns])
    for key, payload in zip(batch.content_ids, own, strict=True):
        cells = [
            write[field](payload[field]) if field in payload else "" for field in columns.values()
        ]
        yield ",".join([key, *cells])


def _typed(operation: Operation, payload: Mapping[str, Any]) -> list[str]:
    """Return the payload as options of the command."""
    words = []
    for option in operation.options:
        value: Any = payload
        for name in option.path.split("."):
            value = value.get(name) if isinstance(value, Mapping) else None
        if value is not None:
            words.append(f"--{option.name}={quote(option.write(value))}")
    return words


def _schedule(batch: BatchOperation) -> dict[str, Any]:
    """Return its schedule in the API's format, in one query."""
    found: dict[str, Any] = {}
    for name, moment in (("scheduledFor", batch.scheduled_for), ("until", batch.until)):
        if moment is not None and moment > timezone.now():
            found[name] = _written(moment)
    links = Dependency.objects.filter(batch=batch).order_by("id")
    depends_on: list[Any] = [
        str(parent) if when == rules.ON_COMPLETION else {"batchId": str(parent), "when": when}
        for parent, when in links.values_list("parent_id", "when")
    ]
    if depends_on:
        found["dependsOn"] = depends_on
    return found


def _after(link: Any) -> str:
    if isinstance(link, str):
        return f"--after={link}"
    return f"--after={link['batchId']}:{link['when']}"


def _written(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def _part_of_origin(batch: BatchOperation) -> dict[str, Any] | None:
    """Return the ids if it covers only some items of the original batch."""
    origin = batch.retry_of if batch.retry_of_id else batch.undo_of
    if origin is None:
        return None
    left = origin.total_items - origin.done_count if origin.status == Status.FAILED else 0
    whole = (
        origin.failure_count + left
        if batch.retry_of_id
        else origin.success_count - origin.unchanged_count
    )
    return None if batch.total_items == whole else {"contentIds": batch.content_ids}
