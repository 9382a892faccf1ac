"""A package that adds one plugin of every kind but a command to Rasd."""
