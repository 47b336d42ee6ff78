from simmer.evidence.looks import looks, readings, record_reading

READING = {
    "horizon_days": 1,
    "dataset": "d1",
    "winners": {"2M": {"fingerprint": "f", "trial": 3}},
    "predictions_sha256": "p1",
}


def test_the_same_predictions_are_the_same_look(tmp_path):
    path = tmp_path / "ledger" / "test_reads.jsonl"
    assert readings(path) == []
    assert looks(path, dataset="d1") == 0
    for _ in range(3):
        record_reading(path, READING)
    assert looks(path, dataset="d1") == len(readings(path)) == 1
    assert readings(path)[0]["time"].endswith("+00:00")


def test_other_predictions_are_another_look_at_the_same_labels_only(tmp_path):
    path = tmp_path / "test_reads.jsonl"
    record_reading(path, READING)
    record_reading(path, READING | {"predictions_sha256": "p2"})
    record_reading(path, READING | {"dataset": "d2", "predictions_sha256": "p3"})
    assert (looks(path, dataset="d1"), looks(path, dataset="d2")) == (2, 1)


def test_a_torn_line_costs_nothing_but_itself(tmp_path):
    path = tmp_path / "test_reads.jsonl"
    record_reading(path, READING)
    path.write_bytes(path.read_bytes() + b'{"time": "2026')
    record_reading(path, READING | {"predictions_sha256": "p2"})
    assert [one["predictions_sha256"] for one in readings(path)] == ["p1", "p2"]
