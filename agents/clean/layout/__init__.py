"""From a page's lines to its articles: boundaries, roles of lines, boilerplate."""
