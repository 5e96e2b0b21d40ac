"""Deletes the data of the last property run and recreates the same catalogue."""

from typing import Any

from django.conf import settings as django_settings
from django.contrib.auth.models import Permission
from django.core import mail

from batches.models import (
    BatchItem,
    BatchOperation,
    Dependency,
    Heartbeat,
    Notification,
    Submission,
    Template,
    TemplateRun,
)
from content.models import (
    Content,
    ContentChange,
    ContractCall,
    SandboxTransaction,
    User,
    Wallet,
)
from content.services.catalogue.changes import add_contents
from tests.properties import choices
from tests.properties.facts import FIELDS
from tests.properties.items import MOST, Item
from tests.properties.rows import CHUNK_ITEMS, MAX_ITEMS, QUOTA, Person, moment
from tests.properties.world import World

# Those that point to others before those that are pointed to.
WRITTEN = (
    Notification,
    Dependency,
    TemplateRun,
    Template,
    BatchItem,
    BatchOperation,
    Submission,
    ContentChange,
    ContractCall,
    SandboxTransaction,
    Content,
    Heartbeat,
)
DEAREST = "a4"
ON_THE_CHAIN = {"a0": 1, "a1": 2, "a2": 3, "b0": 6, "b1": 7}


class Ground:
    """What all runs of one test share: the people, and the settings."""

    def __init__(self, settings: Any, clock: Any) -> None:
        self.clock = clock
        settings.BATCH_MAX_ITEMS = MAX_ITEMS
        settings.BATCH_CHUNK_ITEMS = CHUNK_ITEMS
        settings.BATCH_QUOTA_PER_HOUR = QUOTA
        # A mail server that refuses at once.
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1

    @staticmethod
    def switch(name: str, value: str) -> None:
        """A setting that runs change: in the layer that lies there, for each one more makes every
        look-up deeper, until Python can go no deeper.
        """
        setattr(django_settings, name, value)

    def move_to(self, step: int) -> None:
        """The beginning of that step of the world's time."""
        self.clock.move_to(moment(step))

    def fresh_world(self) -> World:
        self.move_to(0)
        for model in WRITTEN:
            rows = model.objects.all()
            rows._raw_delete(rows.db)
        mail.outbox.clear()
        self.switch("SANDBOX_FAILURE", "")
        people = {name: self._person(name) for name in ("alice", "bob", "carol", "staff")}
        world = World(people, {})
        contents = []
        for name, keys in choices.OWN.items():
            for number, key in enumerate(keys, start=1):
                contents.append(
                    Content(
                        content_id=key,
                        title=f"Item {key}",
                        price=MOST if key == DEAREST else number * 1_000_000,
                        creator_id=people[name].address,
                        onchain_id=ON_THE_CHAIN.get(key),
                    )
                )
        add_contents(contents, by=None, cause="import")
        for content in contents:
            values = {field: getattr(content, field) for field in FIELDS}
            world.items[content.pk] = Item(content.pk, values)
        return world

    def _person(self, name: str) -> Person:
        User.objects.filter(username=name).update(is_active=True)
        user = User.objects.get(username=name)
        person = Person(name)
        if name == "staff":
            rights = Permission.objects.filter(codename__in=choices.RIGHTS)
            user.user_permissions.add(*rights)
            person.rights = set(choices.RIGHTS)
            return person
        wallet = Wallet.objects.get(owner_id=user.pk)
        wallet.is_creator = person.is_creator = name in choices.CREATORS
        person.hears_of_all = name == "alice"
        wallet.notify = Wallet.Notify.ALWAYS if person.hears_of_all else Wallet.Notify.FAILURES
        wallet.quota_used, wallet.quota_since = 0, None
        wallet.save()
        person.address = wallet.pk
        return person
