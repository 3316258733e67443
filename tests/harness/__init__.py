"""Real processes and stock clients for the tests of the whole system."""
