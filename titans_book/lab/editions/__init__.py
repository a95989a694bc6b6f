"""From one master to the notebooks that people open."""
