#include "cloud/jobs/execution_output.hpp"

#include "cloud/iot/records.hpp"

namespace evergrass::cloud::iot {

json::object execution_summary(const jobs::execution& of) {
    json::object summary = {{"status", jobs::to_string(of.state)},
                            {"queuedAt", as_timestamp(of.queued_at)},
                            {"lastUpdatedAt", as_timestamp(of.updated_at)},
                            {"executionNumber", of.number},
                            {"retryAttempt", of.retry_attempt}};
    if (of.started_at) {
        summary["startedAt"] = as_timestamp(*of.started_at);
    }
    return summary;
}

}  // namespace evergrass::cloud::iot
