"""Chapter 06: what its pages ask and show."""
