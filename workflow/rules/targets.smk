"""Targets that do not exist: each is answered with the one that was probably meant.

Reads and writes: nothing.
"""

import sys
from functools import partial

# {rule: (target, pattern of the name in it)}
MISTAKEN = {
    "unknown_scale": ("results/hpo_{named}.done", rf"(?!(?:{'|'.join(CAMPAIGN.scales)})\.done)[^/]+"),
    "target_without_ending": ("results/hpo_{named}", r"[^/.]+"),
    "target_without_folder": ("hpo_{named}.done", r"[^/]+"),
    "target_without_both": ("hpo_{named}", r"[^/.]+"),
}


def refuse_target(wildcards):
    """Stop and name the target that was probably meant."""
    refuse_scale_as_target(wildcards.named)


def refuse_scale_as_target(scale):
    """Stop and name the target of a scale; any exception but SystemExit would print a traceback."""
    if scale in CAMPAIGN.scales:
        sys.exit(f"found no such target; expected results/hpo_{scale}.done, the search of {scale}")
    sys.exit(
        f"found no scale {scale}; expected one of {', '.join(CAMPAIGN.scales)}: choose one of these, or add "
        "it to `scales` in the configuration"
    )


for mistake, (target, pattern) in MISTAKEN.items():

    rule:
        """Answer a target that does not exist with one that does."""
        name:
            mistake
        input:
            refuse_target,
        output:
            target,
        wildcard_constraints:
            named=pattern,


for scale in CAMPAIGN.scales:
    if workflow.is_rule(f"hpo_{scale}"):  # as a module, rules may have other names
        workflow.get_rule(f"hpo_{scale}").has_wildcards = partial(refuse_scale_as_target, scale)
