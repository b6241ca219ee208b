"""Stand-in for AWS Batch on one machine: its protocol, its states, its events; no containers."""
