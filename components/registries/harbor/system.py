"""Harbor's own configuration, of which there is one each, as the package that speaks its API takes it."""

from typing import Any

import pulumi

from components.registries.harbor.administration import System
from components.registries.harbor.people import Ldap, Oidc


def system(given: System) -> dict[str, Any]:
    """As `harbor.ConfigSystem` takes it."""
    banner = {"message": given.banner, "type": str(given.banner_kind), "closable": True}
    return {
        "project_creation_restriction": str(given.project_creation),
        "read_only": given.read_only,
        "storage_per_project": given.quota_per_project or -1,
        "scanner_skip_update_pulltime": not given.scans_count_as_pulls,
        "audit_log_forward_endpoint": given.audit_log,
        "skip_audit_log_database": not given.audit_log_in_database,
        "banner_message": banner if given.banner else None,
    }


def oidc(given: Oidc) -> dict[str, Any]:
    """As `harbor.ConfigAuth` takes it."""
    return {
        "auth_mode": "oidc_auth",
        "oidc_name": given.name,
        "oidc_endpoint": given.endpoint,
        "oidc_client_id": given.client_id,
        "oidc_client_secret": pulumi.Output.secret(given.client_secret),
        "oidc_scope": given.scope,
        "oidc_user_claim": given.user_claim,
        "oidc_groups_claim": given.groups_claim,
        "oidc_group_filter": given.group_filter or None,
        "oidc_admin_group": given.administrators or None,
        "oidc_auto_onboard": given.onboard,
        "oidc_verify_cert": not given.insecure_skip_verify,
    }


def ldap(given: Ldap) -> dict[str, Any]:
    """As `harbor.ConfigAuth` takes it."""
    return {
        "auth_mode": "ldap_auth",
        "ldap_url": given.url,
        "ldap_base_dn": given.base,
        "ldap_uid": given.user_attribute,
        "ldap_scope": str(given.scope),
        "ldap_filter": given.filter or None,
        "ldap_search_dn": given.search_name,
        "ldap_search_password": pulumi.Output.secret(given.search_password) if given.search_password else None,
        "ldap_group_base_dn": given.group_base,
        "ldap_group_filter": given.group_filter or None,
        "ldap_group_gid": given.group_attribute,
        "ldap_group_membership": given.membership_attribute,
        "ldap_group_admin_dn": given.administrators or None,
        "ldap_verify_cert": not given.insecure_skip_verify,
    }
