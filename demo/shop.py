"""The online shop: a GB18030 CSV a day, dropped into a folder as `orders_YYYYMMDD.csv`.

The first line is the export's title, not data. A file holds the orders that were created or changed
that day, as they stood when the day ended; so an order comes in as many files as it had such days.
"""

import csv
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from itertools import accumulate
from pathlib import Path
from random import Random

from demo import money, truth
from demo.companies import Company
from demo.habits import PLACEHOLDER_NICKNAME, Habits, Typist
from demo.people import Person
from demo.population import SHANGHAI, Population
from demo.timeline import busy_days, moment
from demo.vocabulary import SHOP_PRODUCTS, words

ORDERS_PER_PERSON = 1.5
MONTHS_OPEN = 12
"""The shop is younger than the company."""
ENCODING = "gb18030"
HABITS = Habits(
    honorific=0.04,
    title_only=0.03,
    latin=0.02,
    traditional=0.02,
    spaced=0.03,
    dressed_phone=0.08,
    full_width=0.02,
    shouted_email=0.04,
    sloppy_company=0.35,
    placeholder=0.06,
    missing=0.25,
)
HEADER = words(
    "订单号 下单时间 修改时间 买家昵称 收货人 手机号 邮箱 微信unionid 收货地址 发票抬头 税号"
    " 商品 数量 币种 实付金额 订单状态"
)
UNPAID, PAID, SHIPPED, DONE, REFUNDED, CANCELLED = words(
    "待付款 已付款 已发货 已完成 已退款 已取消"
)


@dataclass(frozen=True, slots=True)
class Order:
    """An order as it stands at `modified_at`, and whose it is; the amount in cents."""

    order_no: str
    buyer: Person
    ordered_at: datetime
    modified_at: datetime
    nickname: str
    receiver: str
    mobile: str
    email: str
    wechat_unionid: str
    address: str
    invoice_title: str
    tax_id: str
    product: str
    quantity: int
    paid: int
    status: str


@dataclass(frozen=True)
class Shop:
    """Every day's export: the orders that changed that day, in the order in which they did."""

    days: dict[date, list[Order]]

    def truth(self) -> Iterator[truth.Truth]:
        """Say whose orders these are."""
        told = set()
        for orders in self.days.values():
            for order in orders:
                if order.order_no not in told:
                    told.add(order.order_no)
                    yield truth.person("shop", f"order:{order.order_no}", order.buyer.entity)


def make_shop(population: Population) -> Shop:
    """Make what the shop exported so far."""
    rng = population.stream("shop")
    typist = Typist(rng, HABITS)
    buyers = population.known_to("shop")
    weights = list(accumulate(rng.paretovariate(1.6) for _ in buyers))
    opened = population.as_of - timedelta(days=MONTHS_OPEN * 365 // 12)
    total = round(population.size * ORDERS_PER_PERSON)
    # everybody whom the shop knows has bought at least once
    first_orders = iter(rng.sample(buyers, min(len(buyers), total)))
    days: dict[date, dict[str, Order]] = defaultdict(dict)
    left = total
    for day, count in busy_days(total, opened, population.as_of):
        for number, ordered_at in enumerate(sorted(moment(rng, day) for _ in range(count)), 1):
            buyer = rng.choices(buyers, cum_weights=weights)[0]
            if rng.random() < len(buyers) / left:
                buyer = next(first_orders, buyer)
            order = _order(rng, typist, f"D{day:%Y%m%d}{number:05d}", ordered_at, buyer)
            for version in _versions(rng, order):
                if version.modified_at <= population.last_moment:
                    # the later version of a day replaces the earlier one
                    days[version.modified_at.date()][order.order_no] = version
        left = max(left - count, 1)
    return Shop(
        days={
            day: sorted(days[day].values(), key=lambda order: (order.modified_at, order.order_no))
            for day in sorted(days)
        }
    )


def write(folder: Path, shop: Shop) -> None:
    """Write each day's file."""
    folder.mkdir(parents=True)
    for day, orders in shop.days.items():
        exported_at = datetime.combine(day + timedelta(days=1), time(0, 10))
        _write_file(folder / _file_name(day), exported_at, map(_row, orders))


def change(folder: Path, now: datetime) -> str:
    """Let the featured shopper order once more: today's export, with that order; and say so."""
    moment_ = now.astimezone(SHANGHAI).replace(tzinfo=None)
    path = folder / _file_name(moment_.date())
    earlier_today = _read_file(path) if path.exists() else []
    last = next(
        row
        for file in sorted(folder.glob("orders_*.csv"), reverse=True)
        for row in _read_file(file)
        if row["收货人"] == "陶海燕" and row["邮箱"] == "taohaiyan@163.com"
    )
    product, price = SHOP_PRODUCTS[7]
    order = last | {
        "订单号": f"D{moment_:%Y%m%d}9{len(earlier_today):04d}",
        "下单时间": _time(moment_),
        "修改时间": _time(moment_),
        "商品": product,
        "数量": "1",
        "实付金额": money.decimal_text(price),
        "订单状态": PAID,
    }
    rows = [list(row.values()) for row in [*earlier_today, order]]
    _write_file(path, moment_, iter(rows))
    return (
        f"{path.name} has a new order {order['订单号']} of {order['收货人']}:"
        f" {product}, {order['实付金额']} CNY"
    )


def _order(
    rng: Random, typist: Typist, order_no: str, ordered_at: datetime, buyer: Person
) -> Order:
    product, price = rng.choice(SHOP_PRODUCTS)
    quantity = rng.choice((1, 1, 1, 1, 2, 2, 3))
    coupon = rng.choice((0, 0, 0, 500, 1_000, 1_234))
    reach = typist.reach(buyer, ordered_at.date(), at_work=False)
    company = _billed_to(rng, buyer)
    return Order(
        order_no=order_no,
        buyer=buyer,
        ordered_at=ordered_at,
        modified_at=ordered_at,
        nickname=PLACEHOLDER_NICKNAME if rng.random() < 0.12 else buyer.nickname,
        receiver=typist.name(buyer),
        mobile=reach.phone,
        email=reach.email,
        wechat_unionid=buyer.wechat_unionid if rng.random() < 0.6 else "",
        address=buyer.address,
        invoice_title=typist.company(company) if company else "",
        tax_id=company.tax_id if company and rng.random() < 0.7 else "",
        product=product,
        quantity=quantity,
        paid=max(price * quantity - coupon, 100),
        status=PAID,
    )


def _billed_to(rng: Random, buyer: Person) -> Company | None:
    return buyer.company if buyer.company is not None and rng.random() < 0.5 else None


def _versions(rng: Random, order: Order) -> Iterator[Order]:
    """Yield an order as it was after each change: what customer and warehouse made of it."""
    draw = rng.random()
    if draw < 0.15:
        yield replace(order, status=UNPAID, paid=0)
        if draw < 0.06:
            cancelled_at = order.ordered_at + timedelta(minutes=30)
            yield replace(order, status=CANCELLED, paid=0, modified_at=cancelled_at)
            return
        order = _later(rng, order, PAID, hours=0.4)
    yield order
    order = _later(rng, order, SHIPPED, hours=50)
    yield order
    if rng.random() < 0.05:
        yield _later(rng, order, REFUNDED, hours=200)
        return
    yield _later(rng, order, DONE, hours=240)


def _later(rng: Random, order: Order, status: str, hours: float) -> Order:
    seconds = rng.randrange(60, int(hours * 3600))
    return replace(order, status=status, modified_at=order.modified_at + timedelta(seconds=seconds))


def _row(order: Order) -> list[str]:
    return [
        order.order_no,
        _time(order.ordered_at),
        _time(order.modified_at),
        order.nickname,
        order.receiver,
        order.mobile,
        order.email,
        order.wechat_unionid,
        order.address,
        order.invoice_title,
        order.tax_id,
        order.product,
        str(order.quantity),
        "CNY",
        money.decimal_text(order.paid),
        order.status,
    ]


def _file_name(day: date) -> str:
    return f"orders_{day:%Y%m%d}.csv"


def _write_file(path: Path, exported_at: datetime, rows: Iterator[list[str]]) -> None:
    with path.open("w", encoding=ENCODING, newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow(["店铺订单导出", f"导出时间：{_time(exported_at)}"])
        writer.writerow(HEADER)
        writer.writerows(rows)


def _read_file(path: Path) -> list[dict[str, str]]:
    with path.open(encoding=ENCODING, newline="") as file:
        next(file)
        return list(csv.DictReader(file))


def _time(moment_: datetime) -> str:
    return f"{moment_:%Y-%m-%d %H:%M:%S}"
