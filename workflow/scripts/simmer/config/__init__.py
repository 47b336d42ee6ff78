"""The configuration: a mapping comes in, frozen dataclasses go out."""
