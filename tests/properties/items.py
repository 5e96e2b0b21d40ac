"""The expected effect of an operation on an item, computed independently.

Nothing of the product is asked here: what both got wrong in the same way would not be seen.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from math import floor
from typing import Any

MOST = 10**15
SAVED, UNCHANGED, FAILED = "succeeded", "unchanged", "failed"
METADATA = {
    "title": "title",
    "tokenGating": "token_gating",
    "refundable": "refundable",
    "refundWindowDays": "refund_window_days",
}


@dataclass(eq=False)
class Item:
    """One item as it must be, and whoever changed it, version by version."""

    key: str
    values: dict[str, Any]
    causes: list[str] = field(default_factory=lambda: ["import"])
    # What each version changed, as it was before.
    befores: list[Mapping[str, Any]] = field(default_factory=lambda: [{}])

    @property
    def version(self) -> int:
        return len(self.causes)

    @property
    def creator(self) -> str:
        return str(self.values["creator_id"])

    @property
    def is_removed(self) -> bool:
        return bool(self.values["is_removed"])

    def change(self, after: Mapping[str, Any], cause: str) -> None:
        """A new version, if anything differs."""
        before = {
            name: self.values[name] for name, value in after.items() if self.values[name] != value
        }
        if before:
            self.values.update(after)
            self.causes.append(cause)
            self.befores.append(before)


@dataclass(frozen=True)
class Judgement:
    """What is to become of one item: the outcome, why it failed, the values to write."""

    outcome: str
    code: str = ""
    after: Mapping[str, Any] = field(default_factory=dict)


def refused(code: str) -> Judgement:
    return Judgement(FAILED, code)


def undo_change(before: Mapping[str, Any], item: Item) -> Judgement:
    """An undo: nobody changed the item since, so it is to be just as it was."""
    after = {name: value for name, value in before.items() if item.values[name] != value}
    return Judgement(SAVED, after=after) if after else Judgement(UNCHANGED)


def judge(kind: str, payload: Mapping[str, Any], item: Item) -> Judgement:
    """The operation's own rules; right, ownership and version were looked at before."""
    if kind == "remove-content":
        if item.is_removed:
            return Judgement(UNCHANGED)
        reason = payload.get("removalReason", "Batch removal by creator")
        return Judgement(SAVED, after={"is_removed": True, "removal_reason": reason})
    if kind == "restore-content":
        if not item.is_removed:
            return Judgement(UNCHANGED)
        return Judgement(SAVED, after={"is_removed": False, "removal_reason": ""})
    if item.is_removed:
        return refused("removed")
    if kind == "update-price":
        after = {"price": _new_price(payload, item.values["price"])}
        if not 0 <= after["price"] <= MOST:
            return refused("out-of-range")
    else:
        after = metadata_after(payload["updates"], item)
    differs = any(item.values[name] != value for name, value in after.items())
    return Judgement(SAVED, after=after) if differs else Judgement(UNCHANGED)


def metadata_after(updates: Mapping[str, Any], item: Item) -> dict[str, Any]:
    """The wire's fields in the model's names; a gate that is switched keeps what else it says."""
    after = {METADATA[name]: value for name, value in updates.items()}
    if isinstance(is_gated := after.get("token_gating"), bool):
        gate = item.values["token_gating"]
        switched = {**gate, "enabled": is_gated}
        after["token_gating"] = switched if gate or is_gated else {}
    return after


def _new_price(payload: Mapping[str, Any], price: int) -> int:
    if "newPrice" in payload:
        return int(payload["newPrice"])
    exact = price * (100 + Fraction(str(payload["percentChange"]))) / 100
    return floor(exact + Fraction(1, 2))  # no price is negative, so half up is away from zero


def same(found: Any, wanted: Any, what: str) -> None:
    """An assertion that shows both sides besides saying what they are."""
    assert found == wanted, f"{what}: {found!r} instead of {wanted!r}"
