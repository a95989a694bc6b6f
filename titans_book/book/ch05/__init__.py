"""Chapter 05: what its pages ask and show."""
