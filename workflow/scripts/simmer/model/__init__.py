"""The PatchTST classifier and the budgets it must meet."""
