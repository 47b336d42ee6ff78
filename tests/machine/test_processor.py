from simmer.machine.processor import processor_features, processor_name

TWO_CORES = "model name\t: AMD EPYC\nflags\t\t: fpu avx2\ncpu MHz\t: 2445.1\n" * 2


def test_the_processor_is_named_as_its_maker_writes_it(tmp_path):
    path = tmp_path / "cpuinfo"
    path.write_text(TWO_CORES)
    assert processor_name(path) == "AMD EPYC"


def test_what_compiled_code_depends_on_does_not_change_with_the_clock_rate(tmp_path):
    path = tmp_path / "cpuinfo"
    path.write_text(TWO_CORES)
    found = processor_features(path)
    path.write_text(TWO_CORES.replace("2445.1", "3000.0"))
    assert processor_features(path) == found == b"flags: fpu avx2\nmodel name: AMD EPYC"
    path.write_text(TWO_CORES.replace("avx2", "avx512f"))
    assert processor_features(path) != found


def test_a_system_without_cpuinfo_names_its_instruction_set(tmp_path):
    assert processor_name(tmp_path / "none")
    assert processor_features(tmp_path / "none")
