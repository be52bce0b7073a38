"""What backups must know of the domain: what is in none, whose key the secrets need, what a restore settles.

The commands and the file are storage's; it finds `DOMAIN` by the entry point group `emeter.backup`.
"""

from emeter_core.backup.domain import CoreDomain

DOMAIN = CoreDomain()

__all__ = ["DOMAIN", "CoreDomain"]
