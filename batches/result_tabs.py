"""Tabs to filter results: one for each outcome, and one for each failure reason."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from batches.models import BatchItem
from batches.operations.base import REFUSALS, refusal_label
from batches.services.results.csv import NOT_ATTEMPTED
from batches.services.results.results import Totals

Outcome = BatchItem.Outcome


@dataclass(frozen=True)
class Tab:
    """A link that filters the results. `key` is the same on every page."""

    key: str
    label: str
    count: int
    query: str
    is_current: bool


@dataclass(frozen=True)
class ResultTabs:
    """The selected filter and all tabs with counts. Rendered again by every poll."""

    totals: Totals
    is_finished: bool
    outcome: str = ""
    code: str = ""

    @classmethod
    def read(cls, query: Mapping[str, str], totals: Totals, *, is_finished: bool) -> "ResultTabs":
        """Return the filter of the query string; an invalid one shows all."""
        outcome, code = query.get("outcome", ""), query.get("code", "")
        if outcome not in {*Outcome.values, NOT_ATTEMPTED}:
            outcome = ""
        if outcome != Outcome.FAILED or code not in REFUSALS:
            code = ""
        if not totals.done and totals.left and is_finished:
            outcome = NOT_ATTEMPTED  # there is nothing else to show
        return cls(totals, is_finished, outcome, code)

    @property
    def shows_left(self) -> bool:
        """Show the ids that were not processed, instead of results."""
        return self.outcome == NOT_ATTEMPTED and self.is_finished

    @property
    def query(self) -> str:
        """The filter as a query string, without the question mark; empty for all."""
        return _query(self.outcome, self.code)

    @property
    def left_query(self) -> str:
        return _query(NOT_ATTEMPTED)

    @property
    def outcomes(self) -> list[Tab]:
        totals = self.totals
        counts = [
            ("", "All", totals.done),
            (Outcome.FAILED.value, "Failed", totals.failed),
            (Outcome.SUCCEEDED.value, "Saved", totals.succeeded),
            (Outcome.UNCHANGED.value, "Unchanged", totals.unchanged),
            (NOT_ATTEMPTED, "Not attempted", totals.left if self.is_finished else 0),
        ]
        tabs = [
            Tab(value or "all", label, count, _query(value), value == self.outcome)
            for value, label, count in counts
            if count or value == self.outcome
        ]
        return tabs if len([tab for tab in tabs if tab.key != "all"]) > 1 or self.outcome else []

    @property
    def codes(self) -> list[Tab]:
        """Tabs by failure reason."""
        counts = {**({self.code: 0} if self.code else {}), **self.totals.codes}
        failed = Outcome.FAILED.value
        return [
            Tab(code, refusal_label(code), count, _query(failed, code), code == self.code)
            for code, count in counts.items()
        ]


def _query(outcome: str = "", code: str = "") -> str:
    choice = {"outcome": outcome, "code": code}
    return urlencode({name: value for name, value in choice.items() if value})
