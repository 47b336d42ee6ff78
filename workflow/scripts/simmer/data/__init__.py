"""Raw bars: where they come from, the rules they keep, the manifest that names them."""
