"""Chapter 12: what its pages ask and show."""
