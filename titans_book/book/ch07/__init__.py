"""Chapter 07: what its pages ask and show."""
