"""Speed and memory of reading files of other programs."""
