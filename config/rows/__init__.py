"""The statements of what every batch does, each made once from the fields of its model.

To compose a query anew, and to ask a field about every value, took more than two thirds of a
batch's time. These are for the few reads and writes that run for every batch; all else goes
through querysets, as these do on MongoDB.
"""

from config.rows.insert import insert_rows
from config.rows.keys import among, new_keys
from config.rows.read import read_locked, read_row
from config.rows.update import ByKey, Plus, update_among, update_rows

__all__ = [
    "ByKey",
    "Plus",
    "among",
    "insert_rows",
    "new_keys",
    "read_locked",
    "read_row",
    "update_among",
    "update_rows",
]
