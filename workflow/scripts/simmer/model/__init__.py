"""The PatchTST classifier, and the model shape for a parameter budget."""
