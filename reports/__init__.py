"""answers -> pages: reports as HTML, Markdown, JSON."""
