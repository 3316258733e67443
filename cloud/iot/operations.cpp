#include "cloud/iot/operations.hpp"

#include <utility>

namespace evergrass::cloud {

void add_iot_operations(operation_table& table, registry& in) {
    using implementation = api_result (*)(registry&, const call&);
    static constexpr std::pair<std::string_view, implementation> operations[] = {
        {"CreateThing", iot::create_thing},
        {"DescribeThing", iot::describe_thing},
        {"UpdateThing", iot::update_thing},
        {"DeleteThing", iot::delete_thing},
        {"ListThings", iot::list_things},
        {"AttachThingPrincipal", iot::attach_thing_principal},
        {"DetachThingPrincipal", iot::detach_thing_principal},
        {"ListThingPrincipals", iot::list_thing_principals},
        {"ListPrincipalThings", iot::list_principal_things},
        {"CreateThingGroup", iot::create_thing_group},
        {"DescribeThingGroup", iot::describe_thing_group},
        {"UpdateThingGroup", iot::update_thing_group},
        {"DeleteThingGroup", iot::delete_thing_group},
        {"ListThingGroups", iot::list_thing_groups},
        {"AddThingToThingGroup", iot::add_thing_to_thing_group},
        {"RemoveThingFromThingGroup", iot::remove_thing_from_thing_group},
        {"UpdateThingGroupsForThing", iot::update_thing_groups_for_thing},
        {"ListThingsInThingGroup", iot::list_things_in_thing_group},
        {"ListThingGroupsForThing", iot::list_thing_groups_for_thing},
        {"CreateKeysAndCertificate", iot::create_keys_and_certificate},
        {"CreateCertificateFromCsr", iot::create_certificate_from_csr},
        {"RegisterCertificateWithoutCA", iot::register_certificate_without_ca},
        {"DescribeCertificate", iot::describe_certificate},
        {"UpdateCertificate", iot::update_certificate},
        {"DeleteCertificate", iot::delete_certificate},
        {"ListCertificates", iot::list_certificates},
        {"CreatePolicy", iot::create_policy},
        {"GetPolicy", iot::get_policy},
        {"DeletePolicy", iot::delete_policy},
        {"ListPolicies", iot::list_policies},
        {"CreatePolicyVersion", iot::create_policy_version},
        {"GetPolicyVersion", iot::get_policy_version},
        {"ListPolicyVersions", iot::list_policy_versions},
        {"DeletePolicyVersion", iot::delete_policy_version},
        {"SetDefaultPolicyVersion", iot::set_default_policy_version},
        {"AttachPolicy", iot::attach_policy},
        {"DetachPolicy", iot::detach_policy},
        {"AttachPrincipalPolicy", iot::attach_principal_policy},
        {"DetachPrincipalPolicy", iot::detach_principal_policy},
        {"ListAttachedPolicies", iot::list_attached_policies},
        {"ListTargetsForPolicy", iot::list_targets_for_policy},
        {"ListPrincipalPolicies", iot::list_principal_policies},
        {"ListPolicyPrincipals", iot::list_policy_principals},
        {"RegisterCACertificate", iot::register_ca_certificate},
        {"DescribeCACertificate", iot::describe_ca_certificate},
        {"ListCACertificates", iot::list_ca_certificates},
        {"UpdateCACertificate", iot::update_ca_certificate},
        {"DeleteCACertificate", iot::delete_ca_certificate},
        {"GetRegistrationCode", iot::get_registration_code},
        {"DeleteRegistrationCode", iot::delete_registration_code},
        {"RegisterCertificate", iot::register_certificate},
        {"ListCertificatesByCA", iot::list_certificates_by_ca},
        {"TransferCertificate", iot::transfer_certificate},
        {"AcceptCertificateTransfer", iot::accept_certificate_transfer},
        {"RejectCertificateTransfer", iot::reject_certificate_transfer},
        {"CancelCertificateTransfer", iot::cancel_certificate_transfer},
        {"ListOutgoingCertificates", iot::list_outgoing_certificates},
        {"CreateThingType", iot::create_thing_type},
        {"DescribeThingType", iot::describe_thing_type},
        {"ListThingTypes", iot::list_thing_types},
        {"DeprecateThingType", iot::deprecate_thing_type},
        {"DeleteThingType", iot::delete_thing_type},
        {"TagResource", iot::tag_resource},
        {"UntagResource", iot::untag_resource},
        {"ListTagsForResource", iot::list_tags_for_resource},
        {"DescribeEndpoint", iot::describe_endpoint},
    };
    for (const auto& [name, run] : operations) {
        table.add("iot", name, [&in, run = run](const call& from) { return run(in, from); });
    }
}

}  // namespace evergrass::cloud
