"""The shop's exports."""

import csv
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path

import pytest

from demo import shop
from demo.population import Population


@pytest.fixture(scope="module")
def exports(population: Population) -> shop.Shop:
    return shop.make_shop(population)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, exports: shop.Shop) -> Path:
    path = tmp_path_factory.mktemp("shop") / "shop"
    shop.write(path, exports)
    return path


def data(folder: Path) -> dict[str, list[dict[str, str]]]:
    files = {}
    for path in sorted(folder.iterdir()):
        with path.open(encoding="gb18030", newline="") as file:
            next(file)
            files[path.name] = list(csv.DictReader(file))
    return files


def test_there_are_as_many_orders_as_promised(population: Population, folder: Path) -> None:
    numbers = {row["订单号"] for rows in data(folder).values() for row in rows}
    assert len(numbers) == round(population.size * 1.5)


def test_the_first_line_is_the_exports_title(folder: Path) -> None:
    first = (folder / "orders_20260901.csv").read_bytes().splitlines()[0]
    assert first.decode("gb18030") == "店铺订单导出,导出时间：2026-09-02 00:10:00"


def test_the_files_are_neither_utf8_nor_gbk(folder: Path) -> None:
    everything = b"".join(path.read_bytes() for path in sorted(folder.iterdir()))
    for encoding in ("utf-8", "gbk"):
        with pytest.raises(UnicodeDecodeError):
            everything.decode(encoding)


def test_a_file_holds_what_changed_that_day_and_each_order_once(folder: Path) -> None:
    for name, rows in data(folder).items():
        numbers = [row["订单号"] for row in rows]
        assert len(set(numbers)) == len(numbers)
        for row in rows:
            assert row["修改时间"][:10].replace("-", "") == name[7:15]
            assert row["下单时间"] <= row["修改时间"]


def test_orders_come_in_several_files_and_end_up_done(folder: Path) -> None:
    versions = defaultdict(list)
    for rows in data(folder).values():
        for row in rows:
            versions[row["订单号"]].append(row["订单状态"])
    assert max(map(len, versions.values())) >= 3
    last = {statuses[-1] for statuses in versions.values()}
    assert last == {"待付款", "已付款", "已发货", "已完成", "已退款", "已取消"} - _rare(last)


def test_truth_names_every_order_once(exports: shop.Shop, folder: Path) -> None:
    told = [row.source_record_id for row in exports.truth()]
    held = {f"order:{row['订单号']}" for rows in data(folder).values() for row in rows}
    assert len(told) == len(held)
    assert set(told) == held


def test_everybody_the_shop_knows_has_bought(population: Population, exports: shop.Shop) -> None:
    buyers = {row.entity for row in exports.truth()}
    known = {person.entity for person in population.known_to("shop")}
    assert known - buyers == set()


def test_the_same_exports_make_the_same_bytes(
    tmp_path: Path, population: Population, folder: Path
) -> None:
    shop.write(tmp_path / "again", shop.make_shop(population))
    for path in folder.iterdir():
        assert (tmp_path / "again" / path.name).read_bytes() == path.read_bytes()


def test_each_change_adds_one_order_of_the_same_buyer(tmp_path: Path, exports: shop.Shop) -> None:
    folder = tmp_path / "shop"
    shop.write(folder, exports)
    before = data(folder)
    for minute in (1, 2):
        shop.change(folder, datetime(2026, 11, 1, 1, minute, tzinfo=UTC))
    after = data(folder)
    new = after.pop("orders_20261101.csv")
    assert after == before
    assert [row["收货人"] for row in new] == ["陶海燕", "陶海燕"]
    assert len({row["订单号"] for row in new}) == 2


def _rare(seen: set[str]) -> set[str]:
    """An order seldom ends a day unpaid, so that a small shop may have none."""
    return {"待付款"} - seen
