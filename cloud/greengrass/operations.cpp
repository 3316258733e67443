#include "cloud/greengrass/operations.hpp"

#include <string>
#include <utility>

namespace evergrass::cloud {
namespace {

constexpr std::string_view service = "greengrass";

void add_family(operation_table& table, greengrass_services& in,
                const greengrass::definition_family& family) {
    using implementation =
        api_result (*)(greengrass_services&, const greengrass::definition_family&, const call&);
    const auto definition = std::string(family.name) + "Definition";
    const std::pair<std::string, implementation> operations[] = {
        {"Create" + definition, greengrass::create_definition},
        {"List" + definition + "s", greengrass::list_definitions},
        {"Get" + definition, greengrass::get_definition},
        {"Update" + definition, greengrass::update_definition},
        {"Delete" + definition, greengrass::delete_definition},
        {"Create" + definition + "Version", greengrass::create_definition_version},
        {"List" + definition + "Versions", greengrass::list_definition_versions},
        {"Get" + definition + "Version", greengrass::get_definition_version},
    };
    for (const auto& [name, run] : operations) {
        table.add(service, name,
                  [&in, &family, run = run](const call& from) { return run(in, family, from); });
    }
}

}  // namespace

void add_greengrass_operations(operation_table& table, greengrass_services& in) {
    for (const auto& family : greengrass::definition_families()) {
        add_family(table, in, family);
    }
    using implementation = api_result (*)(greengrass_services&, const call&);
    static constexpr std::pair<std::string_view, implementation> operations[] = {
        {"CreateGroup", greengrass::create_group},
        {"ListGroups", greengrass::list_groups},
        {"GetGroup", greengrass::get_group},
        {"UpdateGroup", greengrass::update_group},
        {"DeleteGroup", greengrass::delete_group},
        {"CreateGroupVersion", greengrass::create_group_version},
        {"ListGroupVersions", greengrass::list_group_versions},
        {"GetGroupVersion", greengrass::get_group_version},
        {"CreateDeployment", greengrass::create_deployment},
        {"ListDeployments", greengrass::list_deployments},
        {"GetDeploymentStatus", greengrass::get_deployment_status},
        {"ResetDeployments", greengrass::reset_deployments},
        {"StartBulkDeployment", greengrass::start_bulk_deployment},
        {"GetBulkDeploymentStatus", greengrass::get_bulk_deployment_status},
        {"ListBulkDeployments", greengrass::list_bulk_deployments},
        {"ListBulkDeploymentDetailedReports", greengrass::list_bulk_deployment_detailed_reports},
        {"StopBulkDeployment", greengrass::stop_bulk_deployment},
        {"CreateGroupCertificateAuthority", greengrass::create_group_certificate_authority},
        {"ListGroupCertificateAuthorities", greengrass::list_group_certificate_authorities},
        {"GetGroupCertificateAuthority", greengrass::get_group_certificate_authority},
        {"GetGroupCertificateConfiguration", greengrass::get_group_certificate_configuration},
        {"UpdateGroupCertificateConfiguration", greengrass::update_group_certificate_configuration},
        {"GetConnectivityInfo", greengrass::get_connectivity_info},
        {"UpdateConnectivityInfo", greengrass::update_connectivity_info},
        {"GetThingRuntimeConfiguration", greengrass::get_thing_runtime_configuration},
        {"UpdateThingRuntimeConfiguration", greengrass::update_thing_runtime_configuration},
        {"CreateSoftwareUpdateJob", greengrass::create_software_update_job},
        {"AssociateRoleToGroup", greengrass::associate_role_to_group},
        {"GetAssociatedRole", greengrass::get_associated_role},
        {"DisassociateRoleFromGroup", greengrass::disassociate_role_from_group},
        {"AssociateServiceRoleToAccount", greengrass::associate_service_role_to_account},
        {"GetServiceRoleForAccount", greengrass::get_service_role_for_account},
        {"DisassociateServiceRoleFromAccount", greengrass::disassociate_service_role_from_account},
        {"TagResource", greengrass::tag_resource},
        {"UntagResource", greengrass::untag_resource},
        {"ListTagsForResource", greengrass::list_tags_for_resource},
    };
    for (const auto& [name, run] : operations) {
        table.add(service, name, [&in, run = run](const call& from) { return run(in, from); });
    }
}

}  // namespace evergrass::cloud
