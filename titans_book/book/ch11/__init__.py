"""Chapter 11: what its pages ask and show."""
