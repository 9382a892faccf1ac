"""The archive of raw pages: a tap that writes articles.raw into WARC files, and a source that reads them back."""
