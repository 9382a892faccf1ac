"""Elasticsearch: client, templates, index administration, and migration of indices to a new schema."""
