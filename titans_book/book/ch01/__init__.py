"""Chapter 01: what its pages ask and show."""
