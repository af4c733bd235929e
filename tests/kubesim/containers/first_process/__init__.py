"""What becomes of the shell: recorded of real ones, and asked of the sandbox."""
