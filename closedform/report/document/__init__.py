"""What a report tells, in which order: neutral blocks, made from a report; no terminal, HTML or LaTeX here."""
