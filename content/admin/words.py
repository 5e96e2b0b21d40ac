"""The admin's label colours of chain states."""

from content.models import ContentChange

CHAIN_LABELS = {
    ContentChange.ChainState.NONE: "",
    ContentChange.ChainState.QUEUED: "info",
    ContentChange.ChainState.RETRYING: "warning",
    ContentChange.ChainState.BROADCAST: "info",
    ContentChange.ChainState.INCLUDED: "info",
    ContentChange.ChainState.CONFIRMED: "success",
    ContentChange.ChainState.FAILED: "danger",
    ContentChange.ChainState.NOT_ATTEMPTED: "",
}
