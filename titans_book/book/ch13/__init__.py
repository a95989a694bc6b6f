"""Chapter 13: what its pages ask and show."""
