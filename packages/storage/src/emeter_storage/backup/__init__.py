"""Backups: one file with all data of an installation, and the way back into an empty one.

Rows are copied table by table as PostgreSQL's own text; the schema is not in the file but its revision, which
the migrations make again. So a backup can be restored by any later version, on any PostgreSQL that will do.
Which tables there are is asked of the database. What they mean is known above: see `Domain`.
"""

from emeter_storage.backup.archive import ArchiveReader, ArchiveWriter
from emeter_storage.backup.domain import Domain, Restored, load_domain
from emeter_storage.backup.manifest import FORMAT, Manifest
from emeter_storage.backup.restore import restore
from emeter_storage.backup.snapshot import back_up

__all__ = [
    "FORMAT",
    "ArchiveReader",
    "ArchiveWriter",
    "Domain",
    "Manifest",
    "Restored",
    "back_up",
    "load_domain",
    "restore",
]
