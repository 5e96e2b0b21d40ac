"""The copied calls, run by bash against a real server."""

import json
import subprocess
import sys
from datetime import timedelta

import pytest
from django.utils import timezone

from batches.api_calls import command_of, curl_of
from batches.models import BatchOperation, Follows, Source, Status
from batches.operations import OPERATIONS
from batches.services.engine.run_batch import run_batch
from batches.services.orders.create import create_batch
from batches.services.orders.order import clean_order
from batches.services.orders.schedule import Schedule
from batches.services.runs.confirm import start_draft
from batches.services.runs.price_drafts import draft_prices
from batches.services.runs.price_file import read
from content.models import ApiToken, Wallet
from tests.batches.follow_ups import followed
from tests.batches.test_api_calls import HOSTILE
from tests.conftest import person
from tests.factories import make_contents
from tests.faults.conftest import files, sqlite_template  # noqa: F401
from tests.faults.worlds import ROOT, looking_at
from tests.services import PATIENCE_SECONDS, need_program

pytestmark = pytest.mark.processes
SAME = ("kind", "payload", "content_ids", "item_payloads", "until", "undo_of_id", "requested_by_id")


@pytest.fixture
def world(files, django_db_blocker):  # noqa: F811
    need_program("bash")
    need_program("curl")
    with django_db_blocker.unblock(), looking_at(files.database_url):
        yield files
        files.stop()


def test_each_makes_the_same_batch_again(world, settings, tmp_path):
    alice = person("alice", is_creator=True)
    contents = make_contents(Wallet.objects.get(owner=alice), 3)
    ids = [content.pk for content in contents]
    _, token = ApiToken.objects.create(user=alice)
    settings.SITE_URL = world.start_web(workers=1)
    env = {**world.environment(SITE_URL=settings.SITE_URL, TOKEN=token), "HOME": str(tmp_path)}
    manage = f'manage.py() {{ "{sys.executable}" "{ROOT}/manage.py" "$@"; }}\n'

    def order(kind, **body):
        order = clean_order(OPERATIONS[kind], {"contentIds": ids, **body})
        return create_batch(order, by=alice, source=Source.PAGE)

    price = order("update-price", newPrice=7_000_000)
    run_batch(price.pk)
    price.refresh_from_db()
    until = (timezone.now() + timedelta(days=1)).replace(microsecond=0)
    file = f"content_id,new_price,percent\n{ids[0]},2.5,\n{ids[1]},,-12.5\n"
    prices = start_draft(draft_prices(
        read(file.encode()), by=alice, source=Source.PAGE,
        schedule=Schedule(until=until, depends_on=[(price.pk, "on-completion")]),
    ))  # fmt: skip
    asked = [
        order("remove-content", removalReason=HOSTILE),
        order("update-metadata", updates={"title": HOSTILE, "description": f"{HOSTILE}\nEND\n\t'"}),
        order("update-price", percentChange=-12.5, dependsOn=[str(price.pk)]),
        prices.batches.get(),
        followed(price, Follows.UNDO, alice),
    ]
    for batch in asked:
        undoes = batch.undo_of_id is not None
        for words in (curl_of(batch), command_of(batch)):
            if undoes:  # one at a time
                BatchOperation.objects.filter(undo_of=price).update(status=Status.CANCELLED)
            known = set(BatchOperation.objects.values_list("pk", flat=True))
            done = subprocess.run(
                ["bash", "-eu", "-c", manage + words],
                env=env, cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE_SECONDS,
            )  # fmt: skip
            assert done.returncode == 0, done.stderr + world.logs()
            if words.startswith("curl"):
                assert json.loads(done.stdout)["message"].endswith("initiated"), done.stdout
            (again,) = BatchOperation.objects.exclude(pk__in=known)
            assert [getattr(again, name) for name in SAME] == [
                getattr(batch, name) for name in SAME
            ]
            assert sorted(again.dependencies.values_list("parent_id", "when")) == sorted(
                batch.dependencies.values_list("parent_id", "when")
            )
    assert [path.name for path in tmp_path.iterdir() if "owned" in path.name] == []
