"""The `rasd` command."""
