"""How Arabic text becomes the terms of the index: tokens, names, clitics, word families. Pure.

The index, queries and the live matcher all use `streams.words.terms`, so they cannot disagree. Elasticsearch receives
finished terms and only splits them at spaces.
"""
