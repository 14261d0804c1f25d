"""How a document looks: plain text, LaTeX, HTML."""
