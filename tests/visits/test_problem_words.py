import pytest

from visits.problem_words import stem, telling_words


@pytest.mark.parametrize(
    ("word", "of"),
    [
        ("streak", "streak"),
        ("streaks", "streak"),
        ("streaky", "streak"),
        ("streaking", "streak"),
        ("jam", "jam"),
        ("jams", "jam"),
        ("jammed", "jam"),
        ("jamming", "jam"),
        ("noise", "nois"),
        ("noisy", "nois"),
        ("noises", "nois"),
        ("ink", "ink"),
        ("fuser", "fuser"),
    ],
)
def test_a_word_has_one_stem_however_it_ends(word, of):
    assert stem(word) == of


def test_only_words_that_tell_a_fault_are_told_in_order():
    assert telling_words("Grey streaks again, since Monday: STREAKY at the 2nd page") == {
        "gre": "grey",
        "streak": "streaks",
        "2nd": "2nd",
    }


def test_the_machine_s_own_name_tells_nothing():
    assert telling_words("The Corvane sorters jam", besides="Corvane SF-12 sorter") == {"jam": "jam"}


@pytest.mark.parametrize("text", ["", "It does not work", "Please come, 12 30"])
def test_a_problem_may_tell_nothing(text):
    assert telling_words(text) == {}
