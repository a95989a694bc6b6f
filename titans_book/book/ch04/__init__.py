"""Chapter 04: what its pages ask and show."""
