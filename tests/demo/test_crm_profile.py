"""The site's description of its CRM names the fields that the CRM has."""

import requests

from crm.selfbuilt.profile import load_profile
from demo.crm import ADMIN_EMAIL
from demo.settings import CRM_PROFILE
from demo.testing import DemoCompany


def test_the_profile_describes_every_field_of_the_crm(demo_company: DemoCompany) -> None:
    url = demo_company.crm_url
    signed_in = requests.post(
        f"{url}api/collections/_superusers/auth-with-password",
        json={"identity": ADMIN_EMAIL, "password": demo_company.passwords.crm[ADMIN_EMAIL]},
        timeout=30,
    ).json()
    profile = load_profile(str(CRM_PROFILE))
    for name in ("companies", "contacts", "orders"):
        answer = requests.get(
            f"{url}api/collections/{name}",
            headers={"Authorization": signed_in["token"]},
            timeout=30,
        ).json()
        there = {field["name"] for field in answer["fields"]} - {"id", "created", "updated"}
        assert set(profile.object(name, {}).fields) == there, name
