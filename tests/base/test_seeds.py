from simmer.base.seeds import derive_seed


def test_a_seed_is_the_same_in_every_process_and_version():
    assert derive_seed(1, "2M", 3, 7) == 8104719155155769886


def test_every_part_and_the_border_between_parts_change_the_seed():
    seeds = {derive_seed(1, "ab"), derive_seed(1, "a", "b"), derive_seed(11, "b"), derive_seed(2, "ab")}
    assert len(seeds) == 4
    assert all(0 <= seed < 2**63 for seed in seeds)
