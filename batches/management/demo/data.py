"""The demo data: four accounts and a catalogue, the same on every machine."""

import random
from functools import partial
from itertools import product

from django.contrib.auth.models import Permission
from django.utils import timezone

from batches.management.demo.schedule import plan
from batches.operations import OPERATIONS
from config.database import atomic
from content.models import Content, Wallet
from content.rules import CONTENT_TYPES
from content.services.catalogue.changes import Change, add_contents, apply_changes
from content.services.people import setup
from content.services.people.setup import grant

SUBJECTS = (
    "Glass Harbour", "Night Ferry", "Letters from Åland", "The Quiet Kiln", "Cedar & Salt",
    "Paper Lanterns", "Second Spring", "Half-Moon Bay", "A Field of Clocks", "Northbound",
    "Café Voltaire", "Low Tide", "The Blue Ledger", "Winter Orchard", "Copper Rain",
)  # fmt: skip
FORMS = (
    "Trailer", "Director's Cut", "Part I", "Part II", "Live in Lisbon", "Study Guide",
    "Remastered", "The Interview", "Behind the Scenes", "Field Notes",
)  # fmt: skip
CREATORS = ("alice", "bob")
REMOVED_EVERY, ONCHAIN_EVERY = 29, 3
SEED = 20261123


# Besides running operations, staff add users and assign wallets.
MANAGES = ("change_content", "add_user", "change_user", "add_wallet", "change_wallet")


def fill(password: str, *, is_given: bool) -> None:
    """Create what is missing; existing data stays unchanged.

    A given password (DEMO_PASSWORD) is always set, a generated one only for new accounts.
    """
    make_person = partial(setup.make_person, resets=is_given)
    staff = make_person("staff", password, is_staff=True)
    views = Permission.objects.filter(codename__startswith="view_")
    run = [operation.codename for operation in OPERATIONS.values()]
    grant(staff, [*views.values_list("codename", flat=True), *MANAGES, *run])
    for name in CREATORS:
        make_person(name, password, sells=True)
    make_person("carol", password, sells=False)
    _fill_catalogue()


@atomic
def _fill_catalogue() -> None:
    """Create the items and their schedule in one transaction, once."""
    if Content.objects.exists():
        return
    chance = random.Random(SEED)  # noqa: S311
    sellers = Wallet.objects.select_related("owner")
    wallets = [sellers.get(owner__username=name) for name in CREATORS]
    contents = []
    for number, (subject, form, wallet) in enumerate(product(SUBJECTS, FORMS, wallets), start=1):
        contents.append(
            Content(
                content_id=f"demo-{number:03}",
                title=f"{subject}: {form}",
                description=f"“{subject}”, {form.lower()}. Part of the demo catalogue.",
                content_type=CONTENT_TYPES[chance.randrange(len(CONTENT_TYPES))],
                price=chance.randrange(2, 200) * 250_000,
                creator=wallet,
                url=f"https://media.example.org/demo/{number}",
                onchain_id=number if number % ONCHAIN_EVERY == 0 else None,
                refundable=chance.random() < 0.5,
                refund_window_days=14,
            )
        )
    add_contents(contents, by=None, cause="import")
    apply_changes(
        [
            Change(
                content,
                {
                    "is_removed": True,
                    "removed_at": timezone.now(),
                    "removal_reason": "Rights expired",
                },
            )
            for content in contents[::REMOVED_EVERY]
        ],
        by=None,
        cause="import",
    )
    seller = wallets[0]
    assert seller.owner is not None
    plan(seller.owner, seller)
