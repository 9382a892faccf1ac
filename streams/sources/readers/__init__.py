"""Readers: one module for each format that crawlers leave behind; `registry` finds the one that fits.

A reader turns one document, a file or a member of an archive, into items. It reads the document as a stream, so that
memory does not grow with it, and gives pages and texts as they are: cleaning them is the pipeline's work.
"""
