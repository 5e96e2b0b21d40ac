"""A process that creates one batch, as a web process does: `create.py USERNAME KIND BODY`."""

import json
import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from batches.models import Source  # noqa: E402
from batches.operations import OPERATIONS  # noqa: E402
from batches.services.orders.create import create_batch  # noqa: E402
from batches.services.orders.order import clean_order  # noqa: E402
from content.models import User  # noqa: E402


def main() -> None:
    username, kind, body = sys.argv[1:]
    order = clean_order(OPERATIONS[kind], json.loads(body))
    batch = create_batch(order, by=User.objects.get(username=username), source=Source.API)
    print(batch.pk)  # noqa: T201


if __name__ == "__main__":
    main()
