"""What counts as one value in another form."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.values import text
from reverse_etl.values import differ_in_form


@pytest.mark.parametrize(
    ("shown", "sent"),
    [
        ("13800138000", "138 0013-8000"),
        ("贝克", " 贝克 "),
        ("ann@example.com", "Ann@Example.com"),
        ("ABC", "ＡＢＣ"),
        (12.5, "12.50"),
        ("1E+2", "100"),
        ("华创科技信息咨询服务有限责任公司", "华创科技信息咨询服务有限责任公司上海分公司"),
    ],
)
def test_the_crms_form_of_our_value_is_ours(shown: object, sent: object) -> None:
    assert differ_in_form(shown, sent)


@pytest.mark.parametrize(
    ("shown", "sent"),
    [
        ("1.25", "125"),
        ("-5", "5"),
        ("NaN", "5"),
        ("张三", "张伟"),
        ("", "张三"),
        (None, "张三"),
        ("张三", ""),
        ("张三", None),
        ("!", "?"),
        ("张三", "张三丰"),
        ("1234567890123456", "12345678901234567"),
    ],
)
def test_another_value_is_not(shown: object, sent: object) -> None:
    assert not differ_in_form(shown, sent)


@given(st.text(min_size=1).filter(lambda value: any(each.isalnum() for each in value)))
def test_spaces_around_and_case_are_form(value: str) -> None:
    assert differ_in_form(f"  {value} ", value)
    assert differ_in_form(value.casefold(), value)


@given(st.decimals(allow_nan=False, allow_infinity=False, places=4))
def test_an_amount_is_itself_with_any_number_of_zeros(value: object) -> None:
    assert differ_in_form(f"{text(value)}00", value)
