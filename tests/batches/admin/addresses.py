"""The addresses of the admin's pages."""

from django.urls import reverse


def page(name, row):
    """Return the address of a page of a row's model."""
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_{name}", args=[row.pk])
