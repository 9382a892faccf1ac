"""The map stages of Rasd on other stream frameworks: the same functions, the same topics, at-least-once settings.

Their near-duplicate table is a dict in memory, while Rasd's worker writes RocksDB and a changelog: that favours them.
"""
