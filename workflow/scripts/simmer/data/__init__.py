"""Raw bars: sources, validation rules and the manifest that lists them."""
