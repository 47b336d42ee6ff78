import torch

from simmer.training.windows import Windows


def test_a_window_ends_at_its_decision_row():
    features = torch.arange(20, dtype=torch.float32).unsqueeze(1)
    windows = Windows(
        features=features,
        decision_rows=torch.tensor([4, 9, 19]),
        labels=torch.tensor([0, 1, 1], dtype=torch.int8),
        context_days=5,
        device="cpu",
    )
    taken, labels = windows.take(torch.tensor([2, 0]))
    assert len(windows) == 3
    assert taken.squeeze(-1).tolist() == [[15, 16, 17, 18, 19], [0, 1, 2, 3, 4]]
    assert labels.tolist() == [1.0, 0.0]


def test_windows_without_labels_have_inputs():
    windows = Windows(
        features=torch.arange(8, dtype=torch.float32).unsqueeze(1),
        decision_rows=torch.tensor([3, 7]),
        labels=None,
        context_days=2,
        device="cpu",
    )
    assert len(windows) == 2
    assert windows.inputs(torch.tensor([1])).squeeze(-1).tolist() == [[6, 7]]
