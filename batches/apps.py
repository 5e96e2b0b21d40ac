from importlib import import_module

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class BatchesConfig(AppConfig):
    name = "batches"
    verbose_name = "Batches"

    def ready(self) -> None:
        import_module("batches.checks")
        from batches.services.permissions import create_run_permissions

        post_migrate.connect(create_run_permissions, sender=self)
