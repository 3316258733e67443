#pragma once

#include "cloud/gateway/operation.hpp"
#include "cloud/iot/registry.hpp"
#include "cloud/jobs/job_service.hpp"
#include "cloud/objects/object_store.hpp"

namespace evergrass::cloud {

// What the operations on jobs work on; it all outlives the operation table.
struct job_parts {
    registry& in;
    job_service& service;
    objects::object_store& objects;  // where documents may come from
};

// Adds the operations on jobs of the service "iot" (spec/cloud.md §4.1) and all of "iot-jobs-data".
void add_job_operations(operation_table& table, const job_parts& in);

namespace iot {

// Each in the file of its name.
api_result create_job(const job_parts& in, const call& from);
api_result describe_job(const job_parts& in, const call& from);
api_result list_jobs(const job_parts& in, const call& from);
api_result update_job(const job_parts& in, const call& from);
api_result cancel_job(const job_parts& in, const call& from);
api_result delete_job(const job_parts& in, const call& from);
api_result associate_targets_with_job(const job_parts& in, const call& from);
api_result get_job_document(const job_parts& in, const call& from);
api_result describe_job_execution(const job_parts& in, const call& from);
api_result list_job_executions_for_job(const job_parts& in, const call& from);
api_result list_job_executions_for_thing(const job_parts& in, const call& from);
api_result cancel_job_execution(const job_parts& in, const call& from);
api_result delete_job_execution(const job_parts& in, const call& from);

}  // namespace iot
}  // namespace evergrass::cloud
