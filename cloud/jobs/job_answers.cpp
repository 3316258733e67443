#include "cloud/jobs/job_answers.hpp"

#include <utility>

namespace evergrass::cloud {

device_job_answer refused(error why, std::optional<jobs::execution> current) {
    device_job_answer answer;
    answer.refused = std::move(why);
    answer.current = std::move(current);
    return answer;
}

device_job_answer no_such_execution(const device_job_request& asked) {
    return refused({jobs::errc::resource_not_found,
                    "Thing " + asked.thing + " has no such execution of job " + asked.job_id});
}

result<device_job_answer> answer_with(job_changes& changes, const device_job_request& asked,
                                      const job_record& job, const jobs::execution& one,
                                      bool with_document) {
    std::optional<std::string> document;
    if (with_document) {
        auto made = changes.document_for(job, asked.thing);
        if (!made && made.error().code.category() == jobs::jobs_category()) {
            return refused(made.error());
        }
        if (!made) {
            return made.error();
        }
        document = std::move(*made);
    }
    device_job_answer answer;
    answer.body["execution"] = jobs::to_json(one, document, asked.form, changes.now());
    return answer;
}

}  // namespace evergrass::cloud
