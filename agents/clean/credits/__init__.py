"""Read who wrote an article, where and for whom: bylines, datelines, agencies, outlets."""
