"""Use cases of the platform: plain classes that know neither web framework nor cloud."""
