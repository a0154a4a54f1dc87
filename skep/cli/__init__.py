"""Between Invoke and the commands: reads the command line, helps, completes, turns failures into exit codes."""
