"""The documentation as code: pages made from the program, and console blocks that are run."""
