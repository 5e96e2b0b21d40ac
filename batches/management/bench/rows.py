"""The report of the benchmark: measured times against a baseline and a goal."""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

MEDIAN = 50


@dataclass(frozen=True)
class Row:
    """Values of the product and the baseline in one run: milliseconds, or MiB of memory."""

    name: str
    floor: str
    goal: float
    ours: Sequence[float] = field(default_factory=list)
    raw: Sequence[float] = field(default_factory=list)
    # True: speed relative to the baseline, at least the goal. False: time, at most the goal.
    is_speed: bool = False
    percentile: int = MEDIAN
    unit: str = "ms"
    # Why nothing was measured.
    reason: str = ""

    @property
    def our_figure(self) -> float:
        return percentile_of(self.ours, self.percentile)

    @property
    def raw_figure(self) -> float:
        return percentile_of(self.raw, self.percentile)

    @property
    def ratio(self) -> float:
        ours, raw = self.our_figure, self.raw_figure
        return raw / ours if self.is_speed else ours / raw

    @property
    def is_reached(self) -> bool:
        return self.ratio >= self.goal if self.is_speed else self.ratio <= self.goal

    @property
    def spread(self) -> tuple[float, float]:
        """The quartiles of the product's times."""
        return percentile_of(self.ours, 25), percentile_of(self.ours, 75)

    @property
    def _spread_words(self) -> str:
        # The middle half lies around the median; it does not describe the slowest.
        if self.percentile != MEDIAN or len(self.ours) < 2:
            return ""
        minimum, maximum = self.spread
        return f" (middle half {minimum:,.2f} to {maximum:,.2f})"

    def as_json(self) -> dict[str, Any]:
        known = {"name": self.name, "floor": self.floor, "goal": self.goal}
        known |= {"isAtLeast": self.is_speed}
        if self.reason:
            return {**known, "notMeasured": self.reason}
        return {
            **known,
            "unit": self.unit,
            "ours": round(self.our_figure, 3),
            "floorFigure": round(self.raw_figure, 3),
            "spread": [round(bound, 3) for bound in self.spread],
            "samples": len(self.ours),
            "ratio": round(self.ratio, 3),
            "isReached": self.is_reached,
        }

    def as_words(self) -> str:
        sign = "at least" if self.is_speed else "at most"
        head = f"{self.name}\n    against {self.floor}: "
        if self.reason:
            return f"{head}not measured: {self.reason}"
        verdict = "reached" if self.is_reached else "missed"
        return (
            f"{head}{self.our_figure:,.2f} {self.unit} to {self.raw_figure:,.2f} {self.unit}"
            f"{self._spread_words}\n"
            f"    ratio {self.ratio:.3f}, goal {sign} {self.goal:g}: {verdict}"
        )


def percentile_of(times: Sequence[float], percentile: int) -> float:
    if len(times) == 1:
        return times[0]
    return statistics.quantiles(times, n=100, method="inclusive")[percentile - 1]


def milliseconds(work: Callable[..., object], *arguments: object) -> float:
    began = time.perf_counter()
    work(*arguments)
    return (time.perf_counter() - began) * 1000
