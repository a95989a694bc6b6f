"""Chapter 09: what its pages ask and show."""
