"""Makes the data of the desk; nothing here runs while it serves."""
