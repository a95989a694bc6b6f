"""Chapter 03: what its pages ask and show."""
