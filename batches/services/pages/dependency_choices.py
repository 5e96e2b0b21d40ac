"""The choices to wait for: the user's running and pending batches."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from batches.models import BatchOperation
from batches.operations import describe
from content.models import User
from content.words import moment_words

BATCH, RUN = "batch", "run"
MAX_CANDIDATES = 20
MAX_READ = 200


@dataclass(frozen=True)
class Candidate:
    """A batch or a run. `key` begins with BATCH or RUN."""

    key: str
    words: str
    batch_ids: tuple[UUID, ...]


def candidates_for(
    user: User,
    links: Mapping[UUID, str],
    *,
    besides: Iterable[UUID] = (),
    also: Collection[UUID] = (),
    also_runs: Collection[UUID] = (),
) -> list[Candidate]:
    """Unfinished batches, newest first, plus those already linked or requested by id.

    A run is one choice, unless its batches are linked differently. At most three queries.
    """
    own = BatchOperation.objects.visible_to(user).exclude(pk__in=list(besides))
    own = own.select_related("creator").without_items()
    found = {batch.pk: batch for batch in own.unfinished().order_by("-created_at")[:MAX_READ]}
    if missing := {*links, *also} - found.keys():
        found |= own.in_bulk(list(missing))
    runs = {batch.submission_id for batch in found.values() if batch.submission_id} | {*also_runs}
    together: dict[UUID, list[BatchOperation]] = {}
    for batch in own.filter(submission_id__in=list(runs)) if runs else ():
        together.setdefault(batch.submission_id, []).append(batch)  # type: ignore[arg-type]
        if batch.submission_id in also_runs:  # may have ended in the meantime
            found.setdefault(batch.pk, batch)
    names_creator = len({batch.creator_id for batch in found.values()}) > 1
    candidates: dict[str, Candidate] = {}
    for batch in found.values():
        sisters = together.get(batch.submission_id, []) if batch.submission_id else []
        is_one = len(sisters) > 1 and len({links.get(sister.pk) for sister in sisters}) == 1
        candidate = (
            _run(sisters, names_creator)
            if is_one and batch.pk not in also
            else _single(batch, names_creator)
        )
        candidates.setdefault(candidate.key, candidate)
    linked = [one for one in candidates.values() if {*links, *also} & {*one.batch_ids}]
    others = [one for one in candidates.values() if one not in linked]
    return [*linked, *others[: max(0, MAX_CANDIDATES - len(linked))]]


def _single(batch: BatchOperation, names_creator: bool) -> Candidate:
    of = f" of {batch.creator}" if names_creator else ""
    words = f"{_about(batch, batch.total_items, of)}, {batch.get_status_display().lower()}"
    return Candidate(f"{BATCH}-{batch.pk}", words, (batch.pk,))


def _run(batches: list[BatchOperation], names_creator: bool) -> Candidate:
    batches = sorted(batches, key=lambda batch: batch.pk)
    creators = {batch.creator_id: batch.creator for batch in batches}.values()
    of = f" of {', '.join(map(str, creators))}" if names_creator else ""
    about = _about(batches[0], sum(batch.total_items for batch in batches), of)
    return Candidate(
        f"{RUN}-{batches[0].submission_id}",
        f"{about}, {len(batches)} batches",
        tuple(batch.pk for batch in batches),
    )


def _about(batch: BatchOperation, items: int, of: str) -> str:
    """The label, made unique by the time of the request."""
    count = f"{items:,} item{'' if items == 1 else 's'}"
    return f"{describe(batch)}, {count}{of}, requested {moment_words(batch.created_at)}"
