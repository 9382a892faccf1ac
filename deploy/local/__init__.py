"""Kafka and Elasticsearch as background processes of this machine, needing only Python and a JDK."""
