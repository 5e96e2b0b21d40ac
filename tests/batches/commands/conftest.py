"""Fixtures of the tests of commands."""

import pytest
from django.core.management import call_command


@pytest.fixture
def command(capsys):
    """Run a command; return (exit code, standard output, standard error)."""

    def command(*arguments):
        try:
            call_command(*arguments)
            code = 0
        except SystemExit as end:
            code = end.code
        output = capsys.readouterr()
        return code, output.out, output.err

    return command
