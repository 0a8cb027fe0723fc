"""Terminal app. Its services are passed in; the command line imports it only to open it."""
