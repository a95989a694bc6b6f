"""Chapter 10: what its pages ask and show."""
