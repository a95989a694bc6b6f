"""Where the project lies: the folder that holds notebooks/ and data/.

A leaf that imports nothing of ours, for everybody who needs the path and nothing else.
"""

from pathlib import Path

__all__ = ["ROOT"]

ROOT = Path(__file__).resolve().parents[2]
