"""One company per company of a batch, from its exported rows."""

from __future__ import annotations

import pandas as pd

from zoho_sites import exported_companies


def test_the_contacts_of_one_company_are_one_company_with_all_their_numbers():
    row = {
        "batch_id": "HADES-20260211-001", "company_key": "oak inn|75201", "company_name": "Oak Inn", "company_id": "55",
        "contact_id": "-1", "phone": "(214) 555-0101", "other_phones": None, "web_domain": None, "street": None,
        "city": "Dallas", "state": "TX", "zip_code": "75201", "exported_at": "2026-02-11T15:30:00Z",
    }  # fmt: skip
    leads = pd.DataFrame(
        [row, row | {"contact_id": "-2", "phone": "2145550102"}, row | {"company_key": "elm|75202"}]
    )
    first, second = exported_companies(leads, {("HADES-20260211-001", "oak inn|75201"): ["9"]})
    assert first.names == ("Oak Inn",)
    assert first.phones == ("2145550101", "2145550102")
    assert first.ids == ("contact:-1", "contact:-2", "company:55", "vanillasoft:9")
    assert (first.zip_code, second.key, second.phones) == ("75201", "elm|75202", ("2145550101",))
    assert exported_companies(leads[:0], {}) == []
