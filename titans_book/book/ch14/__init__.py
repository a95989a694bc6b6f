"""Chapter 14: what its pages ask and show."""
