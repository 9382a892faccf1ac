"""Tag tokens: the contract and registry of taggers, the embedded tagger, and camel-tools' transformer."""
