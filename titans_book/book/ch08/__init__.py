"""Chapter 08: what its pages ask and show."""
