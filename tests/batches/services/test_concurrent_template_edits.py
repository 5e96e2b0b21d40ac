"""Concurrent edits of a template: the second is refused, at every door."""

from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db.models import F
from django.db.models.signals import post_init
from django.urls import reverse

from batches.errors import NotFound, TemplateChanged
from batches.models import Template
from batches.services.templates.spec import body_of_template, clean_template
from batches.services.templates.store import edit_template, pause_template, resume_template
from tests.batches.pages.template_forms import TYPED
from tests.batches.templates import save_template
from tests.factories import make_contents


@pytest.fixture
def items(alice, wallet_of):
    return [content.pk for content in make_contents(wallet_of(alice), 3)]


@pytest.fixture
def template(alice, items, clock):
    template = save_template(alice, contentIds=items)
    clock("2026-03-04T12:01")
    return Template.objects.get(pk=template.pk)


@contextmanager
def meanwhile(act):
    """Somebody else does that right after the template was read."""
    done = []

    def react(instance, **_):
        if not done:
            done.append(instance.pk)
            act(Template.objects.filter(pk=instance.pk))

    post_init.connect(react, sender=Template)
    try:
        yield
    finally:
        post_init.disconnect(react, sender=Template)


def edit(rows):
    rows.update(updated_at=F("updated_at") + timedelta(seconds=1))


def delete(rows):
    rows.delete()


def order(template, **changes):
    return clean_template({**body_of_template(template), **changes}, existing=template)


def test_second_editor_gets_conflict(alice, template):
    mine, theirs = (Template.objects.get() for _ in range(2))
    edit_template(theirs, order(theirs, firstRun="2026-04-01T10:00"), by=alice)

    with pytest.raises(TemplateChanged, match="Reload it"):
        edit_template(mine, order(mine, name="Mine"), by=alice)

    stands = Template.objects.get()
    assert (stands.name, stands.first_slot) == ("Daily", "2026-04-01T10:00")
    assert stands.next_slot == stands.first_slot
    edit_template(stands, order(stands, name="Mine"), by=alice)
    edit_template(stands, order(stands, name="Again"), by=alice)
    assert Template.objects.get().name == "Again"


def test_resume_uses_the_current_schedule(alice, template):
    mine = Template.objects.get()
    pause_template(template)
    edit_template(template, order(template, firstRun="2026-04-01T10:00"), by=alice)

    resume_template(mine)

    stands = Template.objects.get()
    assert (stands.is_paused, stands.next_slot) == (False, "2026-04-01T10:00")
    assert (mine.next_slot, mine.first_slot) == (stands.next_slot, stands.first_slot)


@pytest.mark.parametrize("act", [pause_template, resume_template])
def test_deleted_template_not_paused_or_resumed(template, act):
    mine = Template.objects.get()
    template.delete()
    with pytest.raises(NotFound):
        act(mine)
    assert not Template.objects.exists()


def test_at_the_pages(signed_in, alice, template):
    client, url = signed_in(alice), f"/templates/{template.pk}"
    typed = {**TYPED, "name": "Mine"}
    with meanwhile(edit):
        answer = client.post(f"{url}/edit", typed)
    assert answer.status_code == 400
    assert "Someone else changed this template." in answer.content.decode()
    assert Template.objects.get().name == "Daily"


@pytest.mark.parametrize("action", ["edit", "pause", "resume"])
def test_deleted_template_is_404_on_pages(signed_in, alice, template, action):
    client = signed_in(alice)
    with meanwhile(delete):
        answer = client.post(f"/templates/{template.pk}/{action}", TYPED)
    assert answer.status_code == 404


def test_over_http(call, alice, template):
    with meanwhile(edit):
        answer = call(alice).patch(f"/api/templates/{template.pk}", {"name": "Mine"})
    assert (answer.status_code, answer.json()["code"]) == (409, "wrong-state")
    with meanwhile(delete):
        answer = call(alice).post(f"/api/templates/{template.pk}/pause")
    assert answer.status_code == 404


def test_in_the_admin(signed_in, root, template):
    url = reverse("admin:batches_template_edit", args=[template.pk])
    with meanwhile(edit):
        answer = signed_in(root).post(url, {**TYPED, "creator": template.creator_id})
    assert "Someone else changed this template." in answer.content.decode()
