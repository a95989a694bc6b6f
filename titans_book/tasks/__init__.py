"""What a memory is tried on: the book's corpora, and synthetic tasks with known answers."""
