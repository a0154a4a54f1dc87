"""What the Invoke tasks do: one module a noun, one function a verb."""
