"""Widgets to play with, one for each chapter: a question each that only it can answer."""
