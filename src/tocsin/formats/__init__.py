"""Other people's formats, one module each. Imported module by module, so that no reader costs start-up time."""
