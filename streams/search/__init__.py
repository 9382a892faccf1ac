"""Finding articles: the query builder, the index, and how hits are shown."""
