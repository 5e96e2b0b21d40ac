"""Draw the rows of a benchmark as a chart against their goals."""

from collections.abc import Sequence
from xml.sax.saxutils import escape

from batches.management.bench.rows import Row

WIDTH, LINE, LEFT = 760, 44, 16
GOAL_AT = 380  # the x position of the goal; twice as good reaches the right end
REACHED, MISSED = "#1a7f37", "#c2410c"
STYLE = (
    "text{fill:#57606a}path{stroke:#24292f}"
    "@media(prefers-color-scheme:dark){text{fill:#9198a1}path{stroke:#f0f6fc}}"
)


def chart(title: str, rows: Sequence[Row]) -> str:
    """Return an SVG for light and dark backgrounds; rows that were not measured are left out."""
    measured = [row for row in rows if not row.reason]
    height = 56 + LINE * len(measured)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">',
        f"<style>{STYLE}</style>",
        '<g font-family="system-ui, sans-serif" font-size="13">',
        f"<title>{escape(title)}</title>",
        f'<text x="{LEFT}" y="22" font-weight="600">{escape(title)}</text>',
        f'<text x="{GOAL_AT}" y="22">| the goal</text>',
    ]
    for place, row in enumerate(measured):
        top = 44 + LINE * place
        nearness = min(2.0, row.ratio / row.goal if row.is_speed else row.goal / row.ratio)
        length = max(2, round((GOAL_AT - LEFT) * nearness))
        colour = REACHED if row.is_reached else MISSED
        lines += [
            f'<text x="{LEFT}" y="{top + 14}">{escape(_words(row))}</text>',
            f'<rect x="{LEFT}" y="{top + 20}" width="{length}" height="12" fill="{colour}"/>',
            f'<path d="M{GOAL_AT} {top + 18}v16" stroke-width="2"/>',
        ]
    lines += ["</g></svg>"]
    return "\n".join(lines) + "\n"


def _words(row: Row) -> str:
    of = "the speed of " if row.is_speed else ""
    sign = "≥" if row.is_speed else "≤"
    return f"{row.name}: {row.ratio:.3g} × {of}{row.floor} (goal {sign} {row.goal:g})"
