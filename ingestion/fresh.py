"""Let through only the rows that the warehouse doesn't hold in this version yet."""

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from ingestion.landed import CONTENT_LENGTH

ID = "_dlt_id"


class Fresh:
    """A filter for the batches of one table in one run.

    It gives each row its `_dlt_id`: a digest of the content and the mark of this run,
    because a content that comes back after another one is a new row.
    """

    def __init__(self, known: pa.Table | None, mark: str, *, may_repeat: bool = False) -> None:
        self._mark = mark
        self._may_repeat = may_repeat
        self._connection = duckdb.connect(":memory:")
        self._connection.execute("create table known (content varchar)")
        if known is not None:
            self._remember(known)

    def only_new(self, batch: pa.Table) -> pa.Table:
        """The rows of the batch that are new, with their ids."""
        once = "qualify row_number() over (partition by content) = 1" if self._may_repeat else ""
        self._connection.register("batch", batch)
        try:
            fresh = self._connection.execute(
                f"select * exclude (content), content || '.{self._mark}' as {ID} "
                f"from (select *, {digest(batch.column_names)} as content from batch) "
                f"anti join known using (content) {once}"
            ).to_arrow_table()
        finally:
            self._connection.unregister("batch")
        if self._may_repeat:
            contents = pc.utf8_slice_codeunits(fresh[ID], 0, CONTENT_LENGTH)
            self._remember(pa.table({"content": contents}))
        return fresh.cast(batch.schema.append(pa.field(ID, pa.string())))

    def close(self) -> None:
        """Free the memory."""
        self._connection.close()

    def _remember(self, contents: pa.Table) -> None:
        self._connection.register("contents", contents)
        self._connection.execute("insert into known select content from contents")
        self._connection.unregister("contents")


def digest(columns: list[str]) -> str:
    """SQL for a digest of a row that no other content shares.

    Columns go by name, so their order means nothing, and empty ones are left out, so a
    new column changes no row that has no value in it. Each value carries its length, or
    two values could pass for one.
    """
    parts = ", ".join(
        f"'{name}:' || strlen(\"{name}\"::varchar) || ':' || \"{name}\"::varchar"
        for name in sorted(columns)
    )
    return f"left(md5(concat_ws(chr(31), {parts})), {CONTENT_LENGTH})"
