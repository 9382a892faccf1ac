"""The desk: the web interface that `rasd serve` serves at `/`. It shows what the API's own functions return."""
