import subprocess
import sys
from dataclasses import replace

import pytest
import torch

from simmer.training.optimizer import AdamW
from support.configs import ROOT
from support.runs import RECIPE, training_run


def test_it_moves_as_the_library_class_does(tmp_path):
    ours, theirs = (training_run(tmp_path).plan.model for _ in range(2))
    optimizer = AdamW(ours, RECIPE)
    decayed = [p for name, p in theirs.named_parameters() if name.endswith("weight") and "norm" not in name]
    rest = [p for p in theirs.parameters() if not any(p is other for other in decayed)]
    groups = [{"params": decayed, "weight_decay": RECIPE.weight_decay}, {"params": rest, "weight_decay": 0.0}]
    library = torch.optim.AdamW(groups, lr=0.01, fused=True)
    for step in range(5):
        for model in (ours, theirs):
            torch.manual_seed(step)
            for parameter in model.parameters():
                parameter.grad = torch.randn_like(parameter)
        optimizer.step(0.01)
        library.step()
    for one, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert torch.equal(one, other)


def test_its_state_is_all_it_needs_to_go_on(tmp_path):
    first, second = (training_run(tmp_path).plan.model for _ in range(2))
    optimizer = AdamW(first, RECIPE)
    push(optimizer, first)
    second.load_state_dict(first.state_dict())
    resumed = AdamW(second, RECIPE)
    resumed.load({name: tensor.clone() for name, tensor in optimizer.state.items()})
    push(optimizer, first)
    push(resumed, second)
    for one, other in zip(first.parameters(), second.parameters(), strict=True):
        assert torch.equal(one, other)


def push(optimizer, model):
    torch.manual_seed(3)
    for parameter in model.parameters():
        parameter.grad = torch.randn_like(parameter)
    optimizer.step(0.01)


@pytest.mark.parametrize("decay", [0.0, 0.5])
def test_only_matrices_decay(tmp_path, decay):
    model = training_run(tmp_path).plan.model
    optimizer = AdamW(model, replace(RECIPE, weight_decay=decay))
    before = {name: parameter.clone() for name, parameter in model.named_parameters()}
    for parameter in model.parameters():
        parameter.grad = torch.zeros_like(parameter)
    optimizer.step(0.1)
    for name, parameter in model.named_parameters():
        matrix = name.endswith("weight") and "norm" not in name
        expected = before[name] * (1 - 0.1 * decay) if matrix else before[name]
        torch.testing.assert_close(parameter, expected, msg=name)


def test_it_does_not_import_the_compiler():
    program = (
        "import sys, torch; from simmer.training.optimizer import AdamW; from support.runs import RECIPE;"
        "model = torch.nn.Linear(3, 3); model(torch.ones(1, 3)).sum().backward();"
        "AdamW(model, RECIPE).step(0.1); sys.exit('torch._dynamo' in sys.modules)"
    )
    paths = [str(ROOT / "workflow/scripts"), str(ROOT / "tests")]
    subprocess.run([sys.executable, "-c", f"import sys; sys.path += {paths!r}; {program}"], check=True)
