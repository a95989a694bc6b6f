"""Chapter 02: what its pages ask and show."""
