"""Requests under a name that is not this site's."""

import pytest
from django.test import Client


@pytest.mark.parametrize("host", ["evil.example", "a b", ":", "batches.example.org@evil.example"])
def test_other_hosts_are_refused_in_the_one_shape(db, host):
    answer = Client().get("/api/me", headers={"Host": host})
    assert answer.status_code == 400
    assert answer.json() == {
        "message": "This request is not valid.",
        "code": "invalid",
        "errors": {},
    }
    assert "evil" not in Client().get("/login", headers={"Host": host}).content.decode()
