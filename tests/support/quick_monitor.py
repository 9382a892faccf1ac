"""`python -m tests.support.quick_monitor serve …`: Rasd's command, whose API asks its servers once a second.

For tests that wait for what the API says about Kafka and Elasticsearch.
"""

from __future__ import annotations

from streams.api import cluster_monitor
from streams.cli.main import main

if __name__ == "__main__":
    cluster_monitor.ASK_SECONDS = 1.0
    main()
