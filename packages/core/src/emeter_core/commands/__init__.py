"""The `emeter` command: its own subcommands, and the table that finds those of the other packages."""
