#include "cloud/jobs/job_service.hpp"

namespace evergrass::cloud {

result<device_job_answer> get_pending_job_executions(job_changes& changes,
                                                     const device_job_request& asked) {
    const auto pending = pending_executions(changes.state(), asked.thing);
    if (!pending) {
        return pending.error();
    }
    device_job_answer answer;
    answer.body = jobs::pending_lists(*pending);
    return answer;
}

}  // namespace evergrass::cloud
