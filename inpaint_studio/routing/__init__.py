"""From what a region looks like to the engine that fits it, with reasons."""
