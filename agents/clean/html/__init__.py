"""Turn bytes and markup into paragraphs and metadata."""
