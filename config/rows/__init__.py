"""SQL statements for the hot path of every batch, each built once from the model's fields.

Composing queries and converting every value took more than two thirds of a batch's time. Use these
only for the few reads and writes of every batch; all other code uses querysets, and so do these on
MongoDB.
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
