"""The report: what was found, in words, tables and figures, as Markdown, HTML and CSV."""
