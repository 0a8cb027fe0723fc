"""Terminal app. Its services are passed in; the command line imports it only to run it."""
