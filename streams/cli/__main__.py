"""`python -m streams.cli` is the `rasd` command."""

from streams.cli.main import main

main()
