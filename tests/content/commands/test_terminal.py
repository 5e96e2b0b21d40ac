"""The progress line of commands, on a terminal and in logs."""

import io

import pytest

from content.management.terminal import ProgressLine


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def go_through(stream: io.StringIO, **how: bool) -> str:
    line = ProgressLine(stream, **how)
    for number in range(1000):
        line.show(number / 1000, f"{number} of 1,000")
    line.clear()
    return stream.getvalue()


@pytest.mark.parametrize("how", [{}, {"for_logs": True}])
def test_progress_line_is_overwritten(how):
    shown = go_through(Terminal(), **how)

    assert "[####" in shown
    assert "\n" not in shown
    assert shown.endswith("\r\x1b[K")


def test_no_progress_line_without_terminal():
    assert go_through(io.StringIO()) == ""


def test_log_has_line_per_tenth():
    lines = go_through(io.StringIO(), for_logs=True).splitlines()

    assert lines == [f"{number} of 1,000" for number in range(100, 1000, 100)]
