"""What the local AWS has on top of MiniStack; importing a module puts it in place."""
