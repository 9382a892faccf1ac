"""Makes the tables of cleaning. Build time: nothing that runs imports it."""
