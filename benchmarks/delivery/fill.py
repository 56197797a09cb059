"""Fill the benchmark's warehouse: `python -m benchmarks.delivery.fill FILE ROWS [WHAT]`."""

import sys

import duckdb

from benchmarks.delivery.shape import CHANGED_EACH, COLUMNS, SCHEMA, TABLE


def main() -> None:
    """Make the model; `changed` moves every hundredth customer to another city, `moved` all."""
    path, rows, *rest = sys.argv[1:]
    moves = {"changed": f"i % {CHANGED_EACH} = 0", "moved": "true"}.get("".join(rest), "false")
    values = ", ".join(f"{name}::{type_} as {name}" for name, (type_, _, _) in COLUMNS.items())
    with duckdb.connect(path) as connection:
        connection.execute(f"""
            create schema if not exists {SCHEMA};
            create or replace table {SCHEMA}.{TABLE} as
            with customers as (
                select
                    'c_' || lpad(i::varchar, 8, '0') as contact_id,
                    'customer.' || i || '@example.com' as email,
                    '小' || chr((20000 + i % 1000)::integer) as first_name,
                    '王' as last_name,
                    '+86139' || lpad(i::varchar, 8, '0') as phone,
                    '上海第' || i // 10 || '贸易有限公司' as company,
                    if({moves}, '杭州', '上海') as city,
                    i * 1.25 as lifetime_value,
                    i % 40 as order_count,
                    timestamp '2026-01-01' + to_seconds(i * 7) + to_milliseconds(i % 1000)
                        as last_order_at,
                    date '2020-01-01' + (i % 2000)::integer as customer_since,
                    i % 3 > 0 as has_consented
                from range({int(rows)}) as numbers (i)
            ),
            typed as (select {values} from customers)
            select *, md5(concat_ws('|', {", ".join(COLUMNS)})) as fingerprint from typed
        """)


if __name__ == "__main__":
    main()
