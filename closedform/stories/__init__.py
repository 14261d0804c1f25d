"""Stories and comparisons, told from reports: the atlas, the cost of a formula against descent, demonstrations."""
