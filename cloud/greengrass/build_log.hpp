#pragma once

#include "libs/base/json.hpp"
#include "libs/base/result.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace evergrass::cloud::greengrass {

// Why a deployment can't be built: a code for programs, and a sentence that says what is wrong and
// what to do.
struct deployment_fault {
    std::string code;
    std::string message;
};

// What came up while a manifest was built. All faults are collected, so that a user mends them in
// one go; a fault of the store ends the build instead.
class build_log {
public:
    void fault(std::string code, std::string message) {
        faults_.push_back({std::move(code), std::move(message)});
    }
    // Notes the store's error; false when there is one.
    template <class T>
    bool read(const result<T>& outcome) {
        if (outcome.has_error() && !store_error_) {
            store_error_ = outcome.error();
        }
        return outcome.has_value();
    }

    const std::vector<deployment_fault>& faults() const { return faults_; }
    const std::optional<error>& store_error() const { return store_error_; }

private:
    std::vector<deployment_fault> faults_;
    std::optional<error> store_error_;
};

// DeploymentStatus's ErrorMessage and ErrorDetails. The message begins as V1's did, which tools
// look for (spec/cloud.md §1.6).
std::string error_message_of(const std::vector<deployment_fault>& faults);
json::array error_details_of(const std::vector<deployment_fault>& faults);

}  // namespace evergrass::cloud::greengrass
