"""Which person to call: by hand, and never by a number that must not be dialled."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from lead_frames import ICP

from lead_contacts import contact_scores


def test_contact_scores_by_hand() -> None:
    contacts = pd.DataFrame(
        {
            "accuracy": [95.0, 94.9, 85.0, 84.0, np.nan, 95.0],
            "mobile_phone": pd.array(
                ["(214) 555-0101", None, None, "(214) 555-0102", None, "(214) 555-0103"], dtype="str"
            ),
            "direct_phone": pd.array(
                [None, "(214) 555-0104", "(214) 555-0105", None, None, None], dtype="str"
            ),
            "company_phone": pd.array([None] * 6, dtype="str"),
            "mobile_do_not_call": pd.array([None, None, None, True, None, False], dtype="boolean"),
            "direct_do_not_call": pd.array([None, False, True, None, None, None], dtype="boolean"),
        },
        index=[5, 4, 3, 2, 1, 0],
    )
    company = pd.Series([80, 80, 80, 80, 80, None], index=contacts.index, dtype="Int64")
    # .70 x 80 = 56; accuracy .20 x (100, 70, 70, 40, 40); phone .10 x (100, 70, 0 do not call, 0 do not
    # call, 0).
    scores = contact_scores(contacts, company, ICP)
    assert scores.tolist()[:5] == pytest.approx([86, 77, 70, 64, 64])
    assert np.isnan(scores.iloc[5])
    assert scores.index.tolist() == contacts.index.tolist()
    reached = contacts.assign(company_phone="(214) 555-0199")
    assert contact_scores(reached, company, ICP).tolist()[:5] == pytest.approx([86, 77, 77, 71, 71])
    assert contact_scores(contacts.iloc[:0], company.iloc[:0], ICP).empty
    assert contact_scores(contacts[[]], company, ICP).tolist()[:5] == pytest.approx([64] * 5)  # 56 + 8 + 0


def test_a_company_line_that_is_a_flagged_direct_line_does_not_count() -> None:
    contact = pd.DataFrame(
        {
            "accuracy": [95.0],
            "direct_phone": pd.array(["(214) 555-0101"], dtype="str"),
            "mobile_phone": pd.array([None], dtype="str"),
            "company_phone": pd.array(["(214) 555-0101"], dtype="str"),
            "direct_do_not_call": pd.array([True], dtype="boolean"),
        }
    )
    company = pd.Series([80], dtype="Int64")
    assert contact_scores(contact, company, ICP).tolist() == pytest.approx([76])  # 56 + .20 x 100 + 0
    free = contact.assign(direct_do_not_call=pd.array([False], dtype="boolean"))
    assert contact_scores(free, company, ICP).tolist() == pytest.approx([83])  # and .10 x 70
