from pathlib import Path

from tests.bench.stamps import Pair, Stamps


def test_a_fill_is_paired_with_the_next_order_of_its_cell(tmp_path: Path) -> None:
    file = tmp_path / "stamps"
    file.write_text(
        "10 NEW gkx-1-1-3-5O-m\n20 FILLED gkx-1-1-3-5O-m\n25 FILLED gkx-1-2-3-5O-m\n30 NEW gkx-1-1-3-9C-m\n"
    )
    stamps = Stamps(file)
    assert stamps.read() == [Pair(20, 30)]
    assert stamps.open_fills == {("2", "3"): 25}


def test_reading_goes_on_where_it_stopped_and_leaves_half_a_line(tmp_path: Path) -> None:
    file = tmp_path / "stamps"
    file.write_text("20 FILLED gkx-1-1-3-5O-m\n30 NEW gkx")
    stamps = Stamps(file)
    assert stamps.read() == []
    with file.open("a") as more:
        more.write("-1-1-3-9C-m\n")
    assert [pair.milliseconds for pair in stamps.read()] == [1e-5]
