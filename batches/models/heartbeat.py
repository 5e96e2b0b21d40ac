"""When a worker was last seen."""

from django.db import models


class Heartbeat(models.Model):
    """One row a name; the sweep, which runs in a worker, writes `worker`."""

    name = models.CharField(primary_key=True, max_length=32, db_column="_id")
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} at {self.at}"
