import errno
import json
import os
import signal
import subprocess
import sys
import time

import pytest
import torch

from simmer.base.errors import LedgerError
from simmer.training import checkpoint
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


def one_file(folder, step):
    [path] = folder.glob(f"checkpoint_{step:08d}*.safetensors")
    return path


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
    assert [steps[:19] for steps in files_in(tmp_path)] == ["checkpoint_00000002", "checkpoint_00000003"]


@pytest.mark.parametrize("damage", ["truncate", "flip", "remove"])
def test_a_damaged_newest_falls_back_to_the_previous_one_with_a_warning(tmp_path, caplog, damage):
    store = CheckpointStore(tmp_path)
    save(store, 1)
    save(store, 2)
    harm(one_file(tmp_path, 2), damage)
    assert holds(store, 1)
    if damage != "remove":
        assert "checkpoint_00000002" in caplog.text
        assert "the one before it is used" in caplog.text


def test_after_two_damaged_ones_the_training_begins_again(tmp_path, caplog):
    store = CheckpointStore(tmp_path)
    save(store, 1)
    save(store, 2)
    for path in tmp_path.glob("*.safetensors"):
        harm(path, "flip")
    assert store.restore({}) is None
    assert caplog.text.count("is damaged") == 2
    save(store, 1)
    assert holds(store, 1)


def test_a_disk_that_cannot_read_the_newest_falls_back_to_the_previous_one(tmp_path, monkeypatch):
    store = CheckpointStore(tmp_path)
    save(store, 1)
    save(store, 2)

    def digest(path, of_file=checkpoint.sha256_of_file):
        if "00000002" in path.name:
            raise OSError(errno.EIO, "Input/output error")
        return of_file(path)

    monkeypatch.setattr(checkpoint, "sha256_of_file", digest)
    assert holds(store, 1)


def test_a_damaged_checkpoint_does_not_take_the_place_of_a_whole_one(tmp_path):
    store = CheckpointStore(tmp_path)
    save(store, 1)
    save(store, 2)
    harm(one_file(tmp_path, 2), "flip")
    assert holds(store, 1)
    save(store, 3)
    harm(one_file(tmp_path, 3), "flip")
    assert holds(store, 1)


# ---- checkpoints of older versions, listed in checkpoints.json ------------------------------


@pytest.fixture
def old(tmp_path):
    """Checkpoints of steps 1 and 2 as an older version wrote them."""
    store = CheckpointStore(tmp_path)
    listed = []
    for step in (1, 2):
        save(store, step)
        path = one_file(tmp_path, step)
        listed.insert(0, {"file": f"checkpoint_{step:08d}.safetensors", "sha256": path.stem[20:]})
        path.rename(tmp_path / listed[0]["file"])
    (tmp_path / "checkpoints.json").write_text(json.dumps(listed))
    return store


def test_an_old_checkpoint_is_verified_by_the_list(old):
    assert holds(old, 2)
    harm(old.folder / "checkpoint_00000002.safetensors", "flip")
    assert holds(old, 1)


@pytest.mark.parametrize("damage", ['[{"file": "chec', "{}", "[1]", "null"])
def test_an_old_checkpoint_is_used_without_its_list(old, caplog, damage):
    (old.folder / "checkpoints.json").write_text(damage)
    assert holds(old, 2)
    harm(old.folder / "checkpoint_00000002.safetensors", "truncate")
    assert holds(old, 1)


def test_the_list_stays_as_long_as_one_of_its_checkpoints(old):
    save(old, 3)
    assert (old.folder / "checkpoints.json").exists()
    harm(one_file(old.folder, 3), "flip")
    assert holds(old, 2)
    save(old, 3)
    save(old, 4)
    assert not (old.folder / "checkpoints.json").exists()


# ---- writing --------------------------------------------------------------------------------


def test_saving_the_same_step_twice_keeps_one_file(tmp_path):
    store = CheckpointStore(tmp_path)
    save(store, 1)
    save(store, 1)
    assert holds(store, 1)
    assert len(files_in(tmp_path)) == 1


def test_a_failed_write_leaves_the_old_checkpoints(tmp_path):
    store = CheckpointStore(tmp_path)
    save(store, 1)
    tmp_path.chmod(0o500)
    (tmp_path / f".checkpoint.saving.{os.getpid()}.tmp").mkdir()
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
    assert len(list(tmp_path.iterdir())) == 2


def harm(path, how):
    if how == "remove":
        path.unlink()
    elif how == "truncate":
        os.truncate(path, path.stat().st_size // 2)
    else:
        content = bytearray(path.read_bytes())
        content[-20] ^= 1
        path.write_bytes(content)
