"""Split a page's lines into articles: boundaries, roles of lines, boilerplate."""
