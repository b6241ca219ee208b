"""The automl command."""
