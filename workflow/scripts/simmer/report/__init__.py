"""The report of a campaign: text, tables and figures as Markdown, HTML and CSV."""
