import os
import signal
import subprocess
import sys
import time

import pytest
import torch

from simmer.errors import CheckpointError, LedgerError
from simmer.training.checkpoint import Checkpoint, CheckpointStore


def checkpoint(step):
    generator = torch.Generator().manual_seed(step)
    tensors = {"model.weight": torch.randn(50, 50, generator=generator), "step": torch.tensor(float(step))}
    return Checkpoint(step, tensors, {"progress": {"epoch": step}, "note": None})


def same(a, b):
    return (
        a.step == b.step
        and a.values == b.values
        and a.tensors.keys() == b.tensors.keys()
        and all(torch.equal(a.tensors[name], b.tensors[name]) for name in a.tensors)
    )


def files_in(folder):
    return sorted(path.name for path in folder.glob("*.safetensors"))


def test_nothing_written_is_nothing_loaded(tmp_path):
    assert CheckpointStore(tmp_path).load() is None


def test_the_newest_comes_back_bit_for_bit_and_two_are_kept(tmp_path):
    store = CheckpointStore(tmp_path)
    for step in (1, 2, 3):
        store.save(checkpoint(step))
    assert same(store.load(), checkpoint(3))
    assert files_in(tmp_path) == ["checkpoint_00000002.safetensors", "checkpoint_00000003.safetensors"]


@pytest.mark.parametrize("damage", ["truncate", "flip", "remove"])
def test_a_damaged_newest_falls_back_to_the_one_before_and_says_so(tmp_path, caplog, damage):
    store = CheckpointStore(tmp_path)
    store.save(checkpoint(1))
    store.save(checkpoint(2))
    harm(tmp_path / "checkpoint_00000002.safetensors", damage)
    assert same(store.load(), checkpoint(1))
    assert "checkpoint_00000002" in caplog.text
    assert "falling back" in caplog.text


def test_two_damaged_ones_are_refused_with_advice(tmp_path):
    store = CheckpointStore(tmp_path)
    store.save(checkpoint(1))
    store.save(checkpoint(2))
    for path in tmp_path.glob("*.safetensors"):
        harm(path, "flip")
    with pytest.raises(CheckpointError, match=r"expected at least one.*delete that folder"):
        store.load()


def test_a_damaged_index_is_refused_with_advice(tmp_path):
    store = CheckpointStore(tmp_path)
    store.save(checkpoint(1))
    (tmp_path / "checkpoints.json").write_text('[{"file": "chec')
    with pytest.raises(CheckpointError, match="delete the folder"):
        store.load()


def test_saving_the_same_step_twice_keeps_one_file(tmp_path):
    store = CheckpointStore(tmp_path)
    store.save(checkpoint(1))
    store.save(checkpoint(1))
    assert same(store.load(), checkpoint(1))
    assert files_in(tmp_path) == ["checkpoint_00000001.safetensors"]


def test_what_cannot_be_written_leaves_the_old_ones(tmp_path):
    store = CheckpointStore(tmp_path)
    store.save(checkpoint(1))
    (tmp_path / "checkpoint_00000002.safetensors").mkdir()
    with pytest.raises(LedgerError, match="cannot write"):
        store.save(checkpoint(2))
    assert same(store.load(), checkpoint(1))


def test_sigkill_while_saving_never_leaves_less_than_one_good_checkpoint(tmp_path):
    program = (
        "import sys, torch; from pathlib import Path\n"
        "from simmer.training.checkpoint import Checkpoint, CheckpointStore\n"
        "store = CheckpointStore(Path(sys.argv[1]))\n"
        "for step in range(1, 100000):\n"
        "    store.save(Checkpoint(step, {'w': torch.full((400, 400), float(step))}, {'step': step}))\n"
        "    if step == 1: print('ready', flush=True)\n"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, env=environment
    ) as child:
        assert child.stdout.readline() == b"ready\n"
        time.sleep(0.3)
        child.send_signal(signal.SIGKILL)
    loaded = CheckpointStore(tmp_path).load()
    assert loaded.values == {"step": loaded.step}
    assert (loaded.tensors["w"] == loaded.step).all()
    CheckpointStore(tmp_path).save(checkpoint(loaded.step + 1))
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
