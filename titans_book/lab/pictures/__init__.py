"""Pictures: still figures and live ones, drawn from numbers, each described in words."""
