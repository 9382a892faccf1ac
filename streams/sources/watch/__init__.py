"""Watched sources: feeds, sitemaps, section pages and channels that `rasd watch` reads by itself.

| module | what it holds |
|---|---|
| `directory` | the records: a watched source, and the state of its watching |
| `store` | the topics that keep both |
| `addresses`, `web`, `robots` | HTTP: which addresses may be reached, one request, robots.txt |
| `readers/` | what a feed, sitemap, page or channel lists |
| `freshness`, `schedule` | when a source may be asked again, and when it is |
| `health` | one verdict on a source |
| `discovery` | the feeds and sitemaps of a site, by its home page |
| `visit` | one visit to a source: what is new goes to articles.raw |
| `watcher` | the service: shares the sources among processes, and visits each when it is due |
"""
