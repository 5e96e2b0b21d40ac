"""What the tests of commands share."""

import pytest
from django.core.management import call_command


@pytest.fixture
def command(capsys):
    """Runs a command; answers (exit code, standard output, standard error)."""

    def command(*arguments):
        try:
            call_command(*arguments)
            code = 0
        except SystemExit as end:
            code = end.code
        output = capsys.readouterr()
        return code, output.out, output.err

    return command
