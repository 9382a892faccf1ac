"""From bytes and markup to paragraphs and metadata."""
