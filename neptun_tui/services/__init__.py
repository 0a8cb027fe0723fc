"""What a person does: sign in, browse, delete. Async, without any user interface."""
