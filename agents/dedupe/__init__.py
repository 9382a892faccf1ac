"""Find near-duplicates: articles with largely the same text."""
