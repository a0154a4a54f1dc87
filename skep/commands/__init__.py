"""What is behind the command line: ``tasks/<noun>.py`` declares, a folder of the noun's name does, and the modules
beside them serve several nouns."""
