"""Train the embedded model. Build time: nothing that runs imports it."""
