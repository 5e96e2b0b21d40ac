#!/usr/bin/env python
"""Django's command line; `manage.py demo` starts everything at once."""

import os
import sys

from django.core.management import BaseCommand, ManagementUtility

OUR_APPS = frozenset({"batches", "content"})
# Django's commands that use the tables.
CHECKED = frozenset({"migrate", "runserver", "createsuperuser", "changepassword"})
# Commands that create their tables, here or in a database of their own.
MIGRATES = frozenset({"demo", "bench", "chaos", "migrate"})


class CommandLine(ManagementUtility):
    """Check the configuration before a command that uses the tables."""

    def fetch_command(self, subcommand: str) -> BaseCommand:
        from config.preflight import check_setup

        command = super().fetch_command(subcommand)
        is_ours = type(command).__module__.partition(".")[0] in OUR_APPS
        is_run = subcommand == self.argv[1] and {"-h", "--help"}.isdisjoint(self.argv)
        if (is_ours or subcommand in CHECKED) and is_run:
            check_setup(may_lack_migrations=subcommand in MIGRATES)
        return command


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    # Commands print messages; routine log lines would mix with them.
    os.environ.setdefault("LOG_LEVEL", "WARNING")
    from config.preflight import exit_on_configuration_error

    with exit_on_configuration_error():
        CommandLine(sys.argv).execute()


if __name__ == "__main__":
    main()
