#include "cloud/gateway/model.hpp"

#include <array>
#include <utility>

// models.S
extern "C" {
extern const char evergrass_model_greengrass[];
extern const char evergrass_model_greengrass_end[];
extern const char evergrass_model_iot[];
extern const char evergrass_model_iot_end[];
extern const char evergrass_model_iot_data[];
extern const char evergrass_model_iot_data_end[];
extern const char evergrass_model_iot_jobs_data[];
extern const char evergrass_model_iot_jobs_data_end[];
extern const char evergrass_model_lambda[];
extern const char evergrass_model_lambda_end[];
extern const char evergrass_model_secretsmanager[];
extern const char evergrass_model_secretsmanager_end[];
extern const char evergrass_model_logs[];
extern const char evergrass_model_logs_end[];
extern const char evergrass_model_iam[];
extern const char evergrass_model_iam_end[];
extern const char evergrass_model_sts[];
extern const char evergrass_model_sts_end[];
}

namespace evergrass::cloud {
namespace {

struct linked_model {
    std::string_view service;
    const char* begin;
    const char* end;
};

constexpr std::array<linked_model, 9> linked = {{
    {"greengrass", evergrass_model_greengrass, evergrass_model_greengrass_end},
    {"iot", evergrass_model_iot, evergrass_model_iot_end},
    {"iot-data", evergrass_model_iot_data, evergrass_model_iot_data_end},
    {"iot-jobs-data", evergrass_model_iot_jobs_data, evergrass_model_iot_jobs_data_end},
    {"lambda", evergrass_model_lambda, evergrass_model_lambda_end},
    {"secretsmanager", evergrass_model_secretsmanager, evergrass_model_secretsmanager_end},
    {"logs", evergrass_model_logs, evergrass_model_logs_end},
    {"iam", evergrass_model_iam, evergrass_model_iam_end},
    {"sts", evergrass_model_sts, evergrass_model_sts_end},
}};

}  // namespace

std::vector<std::string_view> model_catalog::services() {
    std::vector<std::string_view> names;
    for (const auto& model : linked) {
        names.push_back(model.service);
    }
    return names;
}

const service_model* model_catalog::find(std::string_view service) const {
    const std::lock_guard guard(mutex_);
    if (const auto known = read_.find(service); known != read_.end()) {
        return known->second.get();
    }
    for (const auto& [name, begin, end] : linked) {
        if (name == service) {
            auto model = service_model::parse({begin, static_cast<std::size_t>(end - begin)});
            return read_.emplace(name, std::move(model.value())).first->second.get();
        }
    }
    return nullptr;
}

}  // namespace evergrass::cloud
