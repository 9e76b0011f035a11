from tests.bench.measurement import Measurement, p99


def test_a_measurement_with_a_floor_states_their_ratio() -> None:
    assert Measurement("paper.orders", 1500.0, "orders/s", 6000.0).as_json() == {
        "value": 1500.0,
        "unit": "orders/s",
        "floor": 6000.0,
        "ratio": 0.25,
    }


def test_a_measurement_without_a_floor_has_no_ratio() -> None:
    assert Measurement("paper.memory", 113.12345, "MB").as_json() == {"value": 113.1235, "unit": "MB"}


def test_the_99th_percentile_leaves_one_sample_in_a_hundred_above_it() -> None:
    samples = [float(number) for number in range(1, 1001)]
    assert sum(sample > p99(samples) for sample in samples) == 10
