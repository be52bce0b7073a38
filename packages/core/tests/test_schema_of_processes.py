"""What a process imports must be whole: SQLAlchemy finds a missing table only at the first insert."""

import subprocess
import sys

import pytest

RESOLVE = """
import importlib, sys
importlib.import_module(sys.argv[1])
from emeter_storage.base import Base
keys = [key for table in Base.metadata.tables.values() for key in table.foreign_keys]
print(len([key.column for key in keys]) > 0)
"""


@pytest.mark.parametrize("context", ["emeter_core.checks", "emeter_core.monitors"])
def test_a_context_that_writes_brings_every_table_it_refers_to(context: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", RESOLVE, context], capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("True\n", "")
