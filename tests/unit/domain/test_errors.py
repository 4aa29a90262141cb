from voltherd.domain.errors import InputError


def test_an_input_error_says_what_where_and_what_is_allowed() -> None:
    error = InputError("text in a number", source="s.csv", row=3, column="charge_kw", value="abc", allowed="kW >= 0")
    assert str(error) == "s.csv, row 3, column charge_kw, value 'abc': text in a number; allowed: kW >= 0"
    assert error.exit_status == 2


def test_a_long_value_is_cut() -> None:
    assert len(str(InputError("too long", value="x" * 10_000))) < 120
