"""Terminal output of commands: a progress line, a table, an exit with a code."""

import sys
from collections.abc import Sequence
from typing import IO, NoReturn

from content.errors import ApplicationError, Invalid

WRONG_USAGE = 2
BAR_WIDTH = 30


class ProgressLine:
    """A progress line that is overwritten; no output without a terminal.

    With `for_logs`, for long runs, it prints a line after each tenth instead.
    """

    def __init__(self, stream: IO[str] | None = None, *, for_logs: bool = False) -> None:
        self.stream = stream or sys.stderr
        self.is_shown = self.stream.isatty()
        self.is_logged = for_logs and not self.is_shown
        self.last, self.tenths = "", 0

    def show(self, fraction: float, words: str) -> None:
        if self.is_logged and int(10 * fraction) > self.tenths:
            self.tenths = int(10 * fraction)
            self.stream.write(f"{words}\n")
            self.stream.flush()
        filled = round(BAR_WIDTH * min(max(fraction, 0.0), 1.0))
        self._write(f"[{'#' * filled}{'.' * (BAR_WIDTH - filled)}] {words}")

    def clear(self) -> None:
        self._write("")

    def _write(self, line: str) -> None:
        if self.is_shown and line != self.last:
            self.stream.write("\r\x1b[K" + line)
            self.stream.flush()
            self.last = line


def table(headings: Sequence[str], rows: Sequence[Sequence[object]], *, widest: int = 60) -> str:
    """Return a text table, cells cut at `widest` characters, numbers right-aligned."""
    cells = [[_cell(value, widest) for value in row] for row in rows]
    widths = [
        max(len(heading), *(len(row[column]) for row in cells), 0)
        for column, heading in enumerate(headings)
    ]
    is_number = [
        bool(rows) and all(isinstance(row[column], int | float) for row in rows)
        for column in range(len(headings))
    ]
    lines = []
    for line in (list(headings), ["-" * width for width in widths], *cells):
        padded = (
            text.rjust(width) if right else text.ljust(width)
            for text, width, right in zip(line, widths, is_number, strict=True)
        )
        lines.append("  ".join(padded).rstrip())
    return "\n".join(lines)


def counted(number: int, singular: str, plural: str = "") -> str:
    """`1 item`, `2,000 items`."""
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"


def plain_line(text: str) -> str:
    """Untrusted text on one line: control characters are escaped."""
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)


def stop(words: str, code: int = WRONG_USAGE) -> NoReturn:
    """End the command with a message on standard error."""
    sys.stderr.write(words.rstrip() + "\n")
    raise SystemExit(code)


def stop_with(error: ApplicationError) -> NoReturn:
    """End the command with the errors of the service."""
    words = [error.message]
    if isinstance(error, Invalid):
        words += [
            f"  {path}: {message}"
            for path, messages in error.errors.items()
            for message in messages
        ]
    stop("\n".join(plain_line(line) for line in words))


def _cell(value: object, widest: int) -> str:
    text = plain_line(f"{value:,}" if isinstance(value, int) else str(value))
    return text if len(text) <= widest else text[: widest - 1] + "…"
