"""Compiles the gazetteer. Build time: nothing that runs imports it."""
