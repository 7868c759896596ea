"""A small Zoho organisation: modules with typed fields, records with Zoho's shapes, and a clock of its own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("America/Chicago")
_TIMES = {"Created_Time": "datetime", "Modified_Time": "datetime"}

LEAD_FIELDS = {
    "First_Name": "text", "Last_Name": "text", "Company": "text", "Email": "text", "Phone": "text", "Mobile": "text",
    "Website": "text", "Street": "text", "City": "text", "State": "text", "Zip_Code": "text", "Industry": "picklist",
    "SIC_Code": "text", "No_of_Employees": "integer", "Lead_Status": "picklist", "Lead_Source": "picklist",
    "HADES_Batch_ID": "text", "Description": "textarea", "Converted__s": "boolean", "Converted_Date_Time": "datetime",
    "Converted_Deal": "lookup", "Converted_Account": "lookup", "Owner": "lookup", **_TIMES,
}  # fmt: skip
DEAL_FIELDS = {
    "Deal_Name": "text", "Account_Name": "lookup", "Stage": "picklist", "Pipeline": "picklist", "Amount": "double",
    "Closing_Date": "date", "Lead_Source": "picklist", "HADES_Batch_ID": "text", "Owner": "lookup", **_TIMES,
}  # fmt: skip
DELIVERY_FIELDS = {
    "Name": "text", "Deal": "lookup", "Delivery_Date": "date", "Delivery_Status": "picklist",
    "HADES_Batch_ID": "text", **_TIMES,
}  # fmt: skip
ACCOUNT_FIELDS = {
    "Account_Name": "text", "Account_Type": "picklist", "Phone": "text", "Website": "text", "Billing_Code": "text",
    "Email": "text", "Vending_Business_Name": "text", "Team": "text", **_TIMES,
}  # fmt: skip
LOCATING_FIELDS = {
    "Name": "text", "Stage": "picklist", "Lead_Source": "picklist", "Street_Address": "text", "Zip_Code": "text",
    "Vanillasoft_ID": "text", **_TIMES,
}  # fmt: skip
STAGES = {
    "Qualification": "Open", "Needs Analysis": "Open", "Value Proposition": "Open", "Negotiation/Review": "Open",
    "Closed Won": "Closed Won", "Closed Lost": "Closed Lost", "Closed Lost to Competition": "Closed Lost",
}  # fmt: skip


class ZohoWorld:
    """What the organisation holds. Every change moves the clock by a second."""

    def __init__(self, now: datetime = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)) -> None:
        self.now = now
        self.fields: dict[str, dict[str, str]] = {
            "Leads": dict(LEAD_FIELDS),
            "Deals": dict(DEAL_FIELDS),
            "Deliveries": dict(DELIVERY_FIELDS),
            "Accounts": dict(ACCOUNT_FIELDS),
        }
        self.custom = {"Deliveries"}
        self.stages = dict(STAGES)
        self.rows: dict[str, dict[str, dict[str, Any]]] = {name: {} for name in self.fields}
        self.deleted: dict[str, list[dict[str, Any]]] = {name: [] for name in self.fields}
        self._next_id = 5_725_767_000_000_420_000

    def add_module(self, name: str, fields: dict[str, str]) -> None:
        """Nothing; there is one more custom module."""
        self.fields[name], self.rows[name], self.deleted[name] = dict(fields), {}, []
        self.custom.add(name)

    def add(self, module: str, **values: Any) -> str:
        """The id of a new record; unknown fields are an error of the test, missing ones are null."""
        assert values.keys() <= self.fields[module].keys(), values.keys() - self.fields[module].keys()
        self._tick()
        self._next_id += 7
        key = str(self._next_id)
        record = dict.fromkeys(self.fields[module]) | {"id": key}
        record |= {"Created_Time": self.stamp(), "Modified_Time": self.stamp()} | values
        if "Converted__s" in record and record["Converted__s"] is None:
            record["Converted__s"] = False
        self.rows[module][key] = record
        return key

    def change(self, module: str, key: str, **values: Any) -> None:
        """Nothing; the record has these values and a new Modified_Time."""
        assert values.keys() <= self.fields[module].keys()
        self._tick()
        self.rows[module][key] |= {"Modified_Time": self.stamp()} | values

    def delete(self, module: str, key: str, kind: str = "recycle") -> None:
        """Nothing; the record is gone and in the list of deleted ones."""
        self._tick()
        record = self.rows[module].pop(key)
        person = None if kind == "permanent" else {"name": "A User", "id": "5725767000000411001"}
        self.deleted[module].insert(
            0,
            {
                "id": key, "display_name": str(record.get("Company") or record.get("Deal_Name") or ""), "type": kind,
                "deleted_time": self.stamp(), "deleted_by": person, "created_by": person,
            },
        )  # fmt: skip

    def vanish(self, module: str, key: str) -> None:
        """Nothing; the record is no longer shown, and no list says why: silence."""
        del self.rows[module][key]

    def convert(self, lead: str, *, deal: bool = True, keep_batch: bool = True, **values: Any) -> str | None:
        """The id of the deal that the lead was converted to, or None without one."""
        record = self.rows["Leads"][lead]
        key = None
        if deal:
            account = self.add("Accounts", Account_Name=record["Company"])
            batch = record["HADES_Batch_ID"] if keep_batch else None
            key = self.add(
                "Deals", **{
                    "Deal_Name": record["Company"], "Account_Name": {"name": record["Company"], "id": account},
                    "Stage": "Qualification", "Lead_Source": record["Lead_Source"], "HADES_Batch_ID": batch,
                } | values,
            )  # fmt: skip
        self.change(
            "Leads", lead, Converted__s=True, Converted_Date_Time=self.stamp(),
            Converted_Deal={"name": record["Company"], "id": key} if key else None,
        )  # fmt: skip
        return key

    def wait(self, **span: float) -> None:
        """Nothing; the clock is later by timedelta(**span)."""
        self.now += timedelta(**span)

    def stamp(self) -> str:
        """The moment as Zoho writes it: with the organisation's offset, which changes in summer."""
        return self.now.astimezone(ZONE).isoformat(timespec="seconds")

    def _tick(self) -> None:
        self.now += timedelta(seconds=1)
