#include "cloud/jobs/operations.hpp"

#include "cloud/jobs/device_operations.hpp"

#include <utility>

namespace evergrass::cloud {

void add_job_operations(operation_table& table, const job_parts& in) {
    using implementation = api_result (*)(const job_parts&, const call&);
    static constexpr std::pair<std::string_view, implementation> operations[] = {
        {"CreateJob", iot::create_job},
        {"DescribeJob", iot::describe_job},
        {"ListJobs", iot::list_jobs},
        {"UpdateJob", iot::update_job},
        {"CancelJob", iot::cancel_job},
        {"DeleteJob", iot::delete_job},
        {"AssociateTargetsWithJob", iot::associate_targets_with_job},
        {"GetJobDocument", iot::get_job_document},
        {"DescribeJobExecution", iot::describe_job_execution},
        {"ListJobExecutionsForJob", iot::list_job_executions_for_job},
        {"ListJobExecutionsForThing", iot::list_job_executions_for_thing},
        {"CancelJobExecution", iot::cancel_job_execution},
        {"DeleteJobExecution", iot::delete_job_execution},
    };
    for (const auto& [name, run] : operations) {
        table.add("iot", name, [in, run = run](const call& from) { return run(in, from); });
    }
    static constexpr std::pair<std::string_view, jobs::request> of_devices[] = {
        {"GetPendingJobExecutions", jobs::request::get_pending},
        {"StartNextPendingJobExecution", jobs::request::start_next},
        {"DescribeJobExecution", jobs::request::describe},
        {"UpdateJobExecution", jobs::request::update},
    };
    for (const auto& [name, what] : of_devices) {
        table.add("iot-jobs-data", name, [&service = in.service, what = what](const call& from) {
            return iot::ask_and_wait(service, what, from);
        });
    }
}

}  // namespace evergrass::cloud
