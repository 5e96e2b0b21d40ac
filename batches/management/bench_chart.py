"""The rows of a bench as a picture: how near each comes to its goal."""

from collections.abc import Sequence
from xml.sax.saxutils import escape

from batches.management.bench_rows import Row

WIDTH, LINE, LEFT = 760, 44, 16
GOAL_AT = 380  # where the goal's line stands; twice as good reaches the right end
REACHED, MISSED, TEXT, QUIET = "#1a7f37", "#c2410c", "#57606a", "#8c959f"


def chart(title: str, rows: Sequence[Row]) -> str:
    """An SVG that reads on light and on dark; rows that were not measured are left out."""
    measured = [row for row in rows if not row.reason]
    height = 56 + LINE * len(measured)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">',
        f'<g font-family="system-ui, sans-serif" font-size="13" fill="{TEXT}">',
        f"<title>{escape(title)}</title>",
        f'<text x="{LEFT}" y="22" font-weight="600">{escape(title)}</text>',
        f'<text x="{GOAL_AT}" y="42" text-anchor="middle" font-size="11">goal</text>',
    ]
    for place, row in enumerate(measured):
        top = 48 + LINE * place
        nearness = min(2.0, row.ratio / row.goal if row.is_speed else row.goal / row.ratio)
        length = max(2, round((GOAL_AT - LEFT) * nearness))
        colour = REACHED if row.is_reached else MISSED
        sign = "≥" if row.is_speed else "≤"
        words = f"{row.name}: {row.ratio:.2f} × (goal {sign} {row.goal:g} ×)"
        lines += [
            f'<text x="{LEFT}" y="{top + 14}">{escape(words)}</text>',
            f'<rect x="{LEFT}" y="{top + 20}" width="{length}" height="12" fill="{colour}"/>',
        ]
    lines += [
        f'<path d="M{GOAL_AT} 46V{height - 8}" stroke="{QUIET}" stroke-dasharray="4 3"/>',
        "</g></svg>",
    ]
    return "\n".join(lines) + "\n"
