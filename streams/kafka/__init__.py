"""Kafka outside Faust: clients, topic offsets, rewinding a group, dead letters."""
