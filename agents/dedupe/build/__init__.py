"""Makes the table of stock phrases. Build time: nothing that runs imports it."""
