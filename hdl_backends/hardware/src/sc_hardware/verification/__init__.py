"""The verification harness: simulators, linters and provers, and what is asked of them."""
