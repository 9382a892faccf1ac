"""Elasticsearch: its client, templates, indices, and migrations between schemas."""
