#include "cloud/iot/records.hpp"
#include "cloud/jobs/execution_output.hpp"
#include "cloud/jobs/new_job.hpp"

#include <algorithm>

namespace evergrass::cloud::iot {

// The operation of "iot"; devices have their own.
api_result describe_job_execution(const job_parts& in, const call& from) {
    const auto hold = in.in.state.db().lock();
    const auto found = require_execution(in.in.state, from);
    if (!found) {
        return found.error();
    }
    const auto& one = found->execution;
    auto described = execution_summary(one);
    described.erase("retryAttempt");
    described["jobId"] = one.job_id;
    described["thingArn"] = thing_arn(in.in, one.thing);
    described["forceCanceled"] = one.force_canceled;
    described["versionNumber"] = one.version;
    described["statusDetails"] = json::object{{"detailsMap", one.details}};
    if (const auto until = one.times_out_at()) {
        described["approximateSecondsBeforeTimedOut"] =
            std::max<std::int64_t>(0, *until - now_milliseconds(in.in)) / 1000;
    }
    return reply{{{"execution", std::move(described)}}};
}

}  // namespace evergrass::cloud::iot
