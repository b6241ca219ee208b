"""The automl command: local work, and client of a running platform."""
