#pragma once

#include "cloud/gateway/operation.hpp"
#include "cloud/greengrass/families.hpp"
#include "cloud/greengrass/services.hpp"

namespace evergrass::cloud {

// Adds the operations of the service "greengrass", all of its model (spec/cloud.md §1.2). `in`
// outlives the table.
void add_greengrass_operations(operation_table& table, greengrass_services& in);

namespace greengrass {

// Each in the file of its name. For the seven families alike:
api_result create_definition(greengrass_services& in, const definition_family& family,
                             const call& from);
api_result list_definitions(greengrass_services& in, const definition_family& family,
                            const call& from);
api_result get_definition(greengrass_services& in, const definition_family& family,
                          const call& from);
api_result update_definition(greengrass_services& in, const definition_family& family,
                             const call& from);
api_result delete_definition(greengrass_services& in, const definition_family& family,
                             const call& from);
api_result create_definition_version(greengrass_services& in, const definition_family& family,
                                     const call& from);
api_result list_definition_versions(greengrass_services& in, const definition_family& family,
                                    const call& from);
api_result get_definition_version(greengrass_services& in, const definition_family& family,
                                  const call& from);

api_result create_group(greengrass_services& in, const call& from);
api_result list_groups(greengrass_services& in, const call& from);
api_result get_group(greengrass_services& in, const call& from);
api_result update_group(greengrass_services& in, const call& from);
api_result delete_group(greengrass_services& in, const call& from);
api_result create_group_version(greengrass_services& in, const call& from);
api_result list_group_versions(greengrass_services& in, const call& from);
api_result get_group_version(greengrass_services& in, const call& from);

api_result create_deployment(greengrass_services& in, const call& from);
api_result list_deployments(greengrass_services& in, const call& from);
api_result get_deployment_status(greengrass_services& in, const call& from);
api_result reset_deployments(greengrass_services& in, const call& from);

api_result start_bulk_deployment(greengrass_services& in, const call& from);
api_result get_bulk_deployment_status(greengrass_services& in, const call& from);
api_result list_bulk_deployments(greengrass_services& in, const call& from);
api_result list_bulk_deployment_detailed_reports(greengrass_services& in, const call& from);
api_result stop_bulk_deployment(greengrass_services& in, const call& from);

api_result create_group_certificate_authority(greengrass_services& in, const call& from);
api_result list_group_certificate_authorities(greengrass_services& in, const call& from);
api_result get_group_certificate_authority(greengrass_services& in, const call& from);
api_result get_group_certificate_configuration(greengrass_services& in, const call& from);
api_result update_group_certificate_configuration(greengrass_services& in, const call& from);

api_result get_connectivity_info(greengrass_services& in, const call& from);
api_result update_connectivity_info(greengrass_services& in, const call& from);

api_result get_thing_runtime_configuration(greengrass_services& in, const call& from);
api_result update_thing_runtime_configuration(greengrass_services& in, const call& from);
api_result create_software_update_job(greengrass_services& in, const call& from);

api_result associate_role_to_group(greengrass_services& in, const call& from);
api_result get_associated_role(greengrass_services& in, const call& from);
api_result disassociate_role_from_group(greengrass_services& in, const call& from);
api_result associate_service_role_to_account(greengrass_services& in, const call& from);
api_result get_service_role_for_account(greengrass_services& in, const call& from);
api_result disassociate_service_role_from_account(greengrass_services& in, const call& from);

api_result tag_resource(greengrass_services& in, const call& from);
api_result untag_resource(greengrass_services& in, const call& from);
api_result list_tags_for_resource(greengrass_services& in, const call& from);

}  // namespace greengrass
}  // namespace evergrass::cloud
