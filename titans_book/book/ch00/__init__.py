"""Chapter 00: what its pages ask and show."""
