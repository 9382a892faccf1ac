"""Who, where and which organisation an article names."""
