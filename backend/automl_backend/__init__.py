"""HTTP API and job runners."""
