"""YAML files, read the same way whatever they describe: text → nodes → entries with places → checked values.

``source`` reads the text, ``tree`` lays it open, ``value_kinds`` and ``mapping_kinds`` are the language in which a room
says what its keys are, ``findings`` collects everything that is wrong.
"""
