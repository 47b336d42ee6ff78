import os
import signal
import subprocess
import sys
import time

import pytest
import torch

from simmer.base.errors import CheckpointError, LedgerError
from simmer.training.checkpoint import CheckpointStore


def contents(step):
    generator = torch.Generator().manual_seed(step)
    tensors = {"model.weight": torch.randn(50, 50, generator=generator), "step": torch.tensor(float(step))}
    return tensors, {"progress": {"epoch": step}, "note": None}


def save(store, step):
    store.save(step, *contents(step))


def holds(store, step):
    tensors, values = contents(step)
    found = {name: torch.zeros_like(tensor) for name, tensor in tensors.items()}
    return store.restore(found) == values and all(torch.equal(found[name], tensors[name]) for name in found)


def files_in(folder):
    return sorted(path.name for path in folder.glob("*.safetensors"))


def test_without_a_checkpoint_nothing_is_restored(tmp_path):
    weight = torch.ones(3)
    assert CheckpointStore(tmp_path).restore({"weight": weight}) is None
    assert torch.equal(weight, torch.ones(3))


def test_the_newest_is_restored_bit_identical_and_two_are_kept(tmp_path):
    store = CheckpointStore(tmp_path)
    for step in (1, 2, 3):
        save(store, step)
    assert holds(store, 3)
    assert files_in(tmp_path) == ["checkpoint_00000002.safetensors", "checkpoint_00000003.safetensors"]


@pytest.mark.parametrize("damage", ["truncate", "flip", "remove"])
def test_a_damaged_newest_falls_back_to_the_previous_one_with_a_warning(tmp_path, caplog, damage):
    store = CheckpointStore(tmp_path)
    save(store, 1)
    save(store, 2)
    harm(tmp_path / "checkpoint_00000002.safetensors", damage)
    assert holds(store, 1)
    assert "checkpoint_00000002" in caplog.text
    assert "using the previous one" in caplog.text


def test_two_damaged_ones_are_refused_with_advice(tmp_path):
    store = CheckpointStore(tmp_path)
    save(store, 1)
    save(store, 2)
    for path in tmp_path.glob("*.safetensors"):
        harm(path, "flip")
    with pytest.raises(CheckpointError, match=r"expected at least one.*delete that folder"):
        store.restore({})


def test_a_damaged_index_is_refused_with_advice(tmp_path):
    store = CheckpointStore(tmp_path)
    save(store, 1)
    (tmp_path / "checkpoints.json").write_text('[{"file": "chec')
    with pytest.raises(CheckpointError, match="delete the folder"):
        store.restore({})


def test_saving_the_same_step_twice_keeps_one_file(tmp_path):
    store = CheckpointStore(tmp_path)
    save(store, 1)
    save(store, 1)
    assert holds(store, 1)
    assert files_in(tmp_path) == ["checkpoint_00000001.safetensors"]


def test_a_failed_write_leaves_the_old_checkpoints(tmp_path):
    store = CheckpointStore(tmp_path)
    save(store, 1)
    (tmp_path / "checkpoint_00000002.safetensors").mkdir()
    with pytest.raises(LedgerError, match="cannot write"):
        save(store, 2)
    assert holds(store, 1)


def test_sigkill_while_saving_never_leaves_less_than_one_good_checkpoint(tmp_path):
    program = (
        "import sys, torch; from pathlib import Path\n"
        "from simmer.training.checkpoint import CheckpointStore\n"
        "store = CheckpointStore(Path(sys.argv[1]))\n"
        "for step in range(1, 100000):\n"
        "    store.save(step, {'w': torch.full((400, 400), float(step))}, {'step': step})\n"
        "    if step == 1: print('ready', flush=True)\n"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, env=environment
    ) as child:
        assert child.stdout.readline() == b"ready\n"
        time.sleep(0.3)
        child.send_signal(signal.SIGKILL)
    weight = torch.zeros(400, 400)
    step = CheckpointStore(tmp_path).restore({"w": weight})["step"]
    assert (weight == step).all()
    save(CheckpointStore(tmp_path), step + 1)
    assert len(list(tmp_path.iterdir())) == 3


def harm(path, how):
    if how == "remove":
        path.unlink()
    elif how == "truncate":
        os.truncate(path, path.stat().st_size // 2)
    else:
        content = bytearray(path.read_bytes())
        content[-20] ^= 1
        path.write_bytes(content)
