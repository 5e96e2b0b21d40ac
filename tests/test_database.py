"""atomic(): when on_commit callbacks run, and nesting."""

from contextlib import suppress
from threading import Barrier, BrokenBarrierError, Thread

import pytest
from django.db import connection, transaction

from config.database import atomic, on_commit
from content.models import Content, User
from content.services.catalogue.changes import add_contents
from tests.factories import make_contents


@pytest.mark.django_db(transaction=True)
def test_on_commit_runs_after_all_work(alice, wallet_of):
    seen = []

    @atomic
    def write():
        on_commit(lambda: seen.append("committed"))
        make_contents(wallet_of(alice), 2)  # bulk_create has a block of Django's of its own
        seen.append("written")

    write()

    assert seen == ["written", "committed"]


@pytest.mark.django_db(transaction=True)
def test_exception_rolls_back_and_skips_callbacks(alice, wallet_of):
    seen = []

    @atomic
    def write():
        on_commit(lambda: seen.append("committed"))
        make_contents(wallet_of(alice), 2)
        raise LookupError

    with pytest.raises(LookupError):
        write()

    assert seen == []
    assert not Content.objects.exists()
    make_contents(wallet_of(alice), 1)
    assert Content.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_works_inside_djangos_atomic(alice, wallet_of):
    seen = []

    @atomic
    def write():
        on_commit(lambda: seen.append("committed"))
        add_contents(
            [Content(content_id="7", title="Seven", price=1, creator=wallet_of(alice))],
            by=alice,
            cause="admin",
        )

    with transaction.atomic():  # as the admin does around its saves
        write()

    assert seen == ["committed"]
    assert Content.objects.get().pk == "7"


@pytest.mark.django_db(transaction=True)
def test_deadlocked_transactions_both_succeed(alice, bob):
    both, failed = Barrier(2), []

    @atomic
    def write(*people):
        for person in people:
            User.objects.filter(pk=person.pk).update(first_name=people[0].username)
            with suppress(BrokenBarrierError):  # where one tries again
                both.wait(0.5)

    def take_turn(*people):
        try:
            write(*people)
        except Exception as error:
            failed.append(error)
        finally:
            connection.close()

    turns = [Thread(target=take_turn, args=people) for people in ((alice, bob), (bob, alice))]
    for turn in turns:
        turn.start()
    for turn in turns:
        turn.join()

    assert failed == []
    assert len(set(User.objects.values_list("first_name", flat=True))) == 1
