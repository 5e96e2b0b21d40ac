"""Sends queued changes to the chain: group, store, send, query. Best effort.

A call is stored with its changes before it is sent, and is never modified afterwards, so that a
crash at any point repeats the same transaction and never creates a second one.
"""

from collections.abc import Callable, Set
from datetime import timedelta
from uuid import UUID

import structlog
from django.utils import timezone

from config.database import atomic
from config.failpoints import reach
from content.contract import MAX_ITEMS, CallDelayed, CallRefused, Contract, call_for, get_contract
from content.models import ContentChange, ContractCall

log = structlog.get_logger(__name__)

# The lease of a worker on a call.
LEASE = timedelta(seconds=60)
FIRST_BACKOFF_SECONDS = 5
MAX_BACKOFF_SECONDS = 3600
MAX_ATTEMPTS = 50
ChainState = ContentChange.ChainState
State = ContractCall.State


# Called with the causes of changes whose chain state changed, in the same transaction.
Moved = Callable[[Set[str]], None]


def send_contract_calls(moved: Moved = lambda causes: None) -> int:
    """Create calls for queued changes, send due ones and query sent ones.

    Uses the network: never call it in a transaction. Returns how many calls were processed.
    """
    contract = get_contract()
    if contract is None:
        return 0
    try:
        while prepare_call(contract.name, moved):
            pass
    except ConcurrentSender:
        pass  # the other worker has put them into its own call
    done = 0
    for key in ContractCall.objects.open().order_by("id").values_list("pk", flat=True)[:100]:
        call = _take(key)
        if call is None and _is_unsent(key):
            # Leased by another worker, or waiting after a failure. A later call could have a newer
            # price of the same item, so calls must stay in order.
            break
        if call is not None:
            done += 1
            if not _advance(contract, call, moved):
                break
    return done


@atomic
def prepare_call(client: str, moved: Moved) -> ContractCall | None:
    """Put up to 100 queued changes of one function into a new call, oldest first.

    Raises ConcurrentSender if another worker did the same concurrently.
    """
    queued = ContentChange.objects.filter(chain_state=ChainState.QUEUED, contract_call=None)
    function = ""
    # A call contains an item once: its second change goes into the next call.
    picked: dict[int, ContentChange] = {}
    arguments = []
    for change in queued.select_related("content").order_by("id")[:MAX_ITEMS]:
        found = call_for(change.content.onchain_id, change.after)
        if found is None:  # unregistered from the chain manually since
            queued.filter(pk=change.pk).update(chain_state=ChainState.NOT_ATTEMPTED)
            moved({change.cause})
            continue
        function = function or found[0]
        if found[0] != function or found[1]["content-id"] in picked:
            break
        picked[found[1]["content-id"]] = change
        arguments.append(found[1])
    if not picked:
        return None
    call = ContractCall.objects.create(client=client, function=function, arguments=arguments)
    keys = [change.pk for change in picked.values()]
    if queued.filter(pk__in=keys).update(contract_call=call) != len(keys):
        raise ConcurrentSender
    return call


class ConcurrentSender(Exception):
    """Another worker processed the same changes, or the same call, first."""


def _is_unsent(call_id: UUID) -> bool:
    unsent = ContractCall.objects.open().exclude(state=State.BROADCAST)
    return unsent.filter(pk=call_id).exists()


def _take(call_id: UUID) -> ContractCall | None:
    """Lease a due call; None if another worker was faster."""
    now = timezone.now()
    taken = ContractCall.objects.due().filter(pk=call_id).update(due_at=now + LEASE, updated_at=now)
    return ContractCall.objects.get(pk=call_id) if taken else None


def _advance(contract: Contract, call: ContractCall, moved: Moved) -> bool:
    """Send or query a call; False if the chain is unreachable."""
    try:
        if call.state != State.BROADCAST:
            tx_id = contract.send(
                call_id=str(call.pk), function=call.function, arguments=call.arguments
            )
            reach("call-sent")
            settle_call(call, moved, state=State.BROADCAST, tx_id=tx_id)
        receipt = contract.receipt(call.tx_id)
    except CallRefused as error:
        settle_call(call, moved, state=State.FAILED, error=str(error))
    except CallDelayed as error:
        _postpone(call, moved, str(error))
        return False
    else:
        if receipt.is_settled:
            settle_call(call, moved, state=State.CONFIRMED, errors=list(receipt.errors))
        else:
            _postpone(call, moved, "")
    return True


def _postpone(call: ContractCall, moved: Moved, error: str) -> None:
    if call.attempts + 1 >= MAX_ATTEMPTS and call.state != State.BROADCAST:
        settle_call(call, moved, state=State.FAILED, error=error)
        return
    pause = min(FIRST_BACKOFF_SECONDS * 2**call.attempts, MAX_BACKOFF_SECONDS)
    state = State.BROADCAST if call.state == State.BROADCAST else State.RETRYING
    settle_call(
        call,
        moved,
        state=state,
        error=error,
        attempts=call.attempts + 1,
        due_at=timezone.now() + timedelta(seconds=pause),
    )


@atomic
def settle_call(
    call: ContractCall,
    moved: Moved,
    *,
    state: ContractCall.State,
    errors: list[str | None] | None = None,
    **facts: object,
) -> None:
    """Update a call and its changes; `errors` has one entry per item once it is settled."""
    now = timezone.now()
    facts = {"state": state, "updated_at": now, **facts}
    if not ContractCall.objects.filter(pk=call.pk, state=call.state).update(**facts):
        raise ConcurrentSender
    for name, value in facts.items():
        setattr(call, name, value)
    changes = ContentChange.objects.filter(contract_call=call)
    changes.update(chain_state=state.value, chain_error=call.error[:300])
    if errors and any(errors):
        # Arguments and answers have the order of the changes' keys.
        keys = list(changes.order_by("id").values_list("pk", flat=True))
        for words in sorted({error for error in errors if error}):
            refused = [key for key, error in zip(keys, errors, strict=True) if error == words]
            changes.filter(pk__in=refused).update(
                chain_state=ChainState.FAILED, chain_error=words[:300]
            )
    moved(set(changes.values_list("cause", flat=True)))
    log.info("contract_call", call_id=str(call.pk), state=state.value, items=len(call.arguments))
