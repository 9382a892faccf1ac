"""Build the word lists of streams/words/data from a corpus of news. Nothing here runs in a worker."""
