"""Training, live: the board, what it shows of a passage, and the runner beside the notebook."""
