import torch
from torch.nn import functional

from simmer.training.loss import log_loss, training_loss

LOGITS = torch.tensor([-3.0, -0.5, 0.0, 2.0, 4.0])
LABELS = torch.tensor([0.0, 1.0, 0.0, 1.0, 0.0])


def test_without_options_it_is_the_log_loss():
    plain = training_loss(LOGITS, LABELS, label_smoothing=0.0, focal_gamma=0.0)
    assert torch.allclose(plain, log_loss(LOGITS, LABELS))


def test_smoothing_moves_labels_towards_one_half():
    smooth = training_loss(LOGITS, LABELS, label_smoothing=0.2, focal_gamma=0.0)
    targets = torch.where(LABELS == 1, 0.9, 0.1)
    expected = functional.binary_cross_entropy_with_logits(LOGITS, targets, reduction="sum")
    assert torch.allclose(smooth, expected)


def test_focal_weights_are_one_minus_the_probability_of_the_label():
    focal = training_loss(LOGITS, LABELS, label_smoothing=0.0, focal_gamma=2.0)
    probability = torch.where(LABELS == 1, LOGITS.sigmoid(), 1 - LOGITS.sigmoid())
    assert torch.allclose(focal, -((1 - probability) ** 2 * probability.log()).sum())


def test_gradients_are_finite_for_a_perfectly_predicted_window():
    logits = torch.tensor([60.0, -60.0], requires_grad=True)
    training_loss(logits, torch.tensor([1.0, 0.0]), label_smoothing=0.0, focal_gamma=0.5).backward()
    assert logits.grad.isfinite().all()
