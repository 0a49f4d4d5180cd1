"""The command line: parses, calls one stage, shows what it gave."""
