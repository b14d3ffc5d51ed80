"""What sc-hardware adds to the command line."""
