"""Taggers: from tokens to BIO tags. The embedded model, and camel-tools' transformer."""
