// The part of provisioning that waits for the core: a deployment and its states.
#include "apps/evergrass/provision.hpp"
#include "libs/base/errors.hpp"
#include "libs/rt/stream.hpp"

namespace evergrass::cli {

namespace asio = boost::asio;

namespace {

// How often the status is asked for; V1's tools did every 2 to 5 s, but ours takes well under one.
constexpr std::chrono::milliseconds poll_interval{25};
// A core that fetches and starts one small function needs a second; a Raspberry Pi a few.
constexpr std::chrono::seconds deployment_limit{120};

}  // namespace

asio::awaitable<result<void>> provisioner::deploy() {
    if (state_.deployed) {
        co_return result<void>{};
    }
    const auto began = std::chrono::steady_clock::now();
    // The service builds a deployment within CreateDeployment (spec/cloud.md §7.1): the call is the
    // Building that GetDeploymentStatus can no longer show afterwards.
    progress_.deployment_state("Building", {});
    auto started = co_await start_deployment();
    if (started) {
        started = co_await watch_deployment(began);
    }
    progress_.deployment_ended();
    co_return started;
}

asio::awaitable<result<void>> provisioner::start_deployment() {
    json::object body{{"DeploymentType", "NewDeployment"},
                      {"GroupVersionId", state_.group_version_id}};
    api_call create{"CreateDeployment", "greengrass", "POST",
                    "/greengrass/groups/" + state_.group_id + "/deployments", std::move(body)};
    auto created = co_await api_.call(std::move(create));
    if (!created) {
        co_return created.error();
    }
    auto id = string_member(*created, "DeploymentId");
    if (!id) {
        co_return error{errc::invalid_input, "CreateDeployment answered without DeploymentId"};
    }
    state_.deployment_id = *id;
    co_return save();
}

asio::awaitable<result<void>> provisioner::watch_deployment(mono_time began) {
    const auto deadline = began + deployment_limit;
    std::string shown = "Building";
    auto since = began;
    for (;;) {
        api_call ask{"GetDeploymentStatus", "greengrass", "GET",
                     "/greengrass/groups/" + state_.group_id + "/deployments/" +
                         state_.deployment_id + "/status"};
        auto answer = co_await api_.call(std::move(ask));
        if (!answer) {
            co_return answer.error();
        }
        const auto status = string_member(*answer, "DeploymentStatus").value_or("");
        const auto now = std::chrono::steady_clock::now();
        if (status != shown) {
            progress_.deployment_state(status, now - since);
            shown = status;
            since = now;
        }
        if (status == "Success") {
            state_.deployed = true;
            co_return save();
        }
        if (status == "Failure") {
            co_return error{
                {},
                "The deployment failed: " +
                    string_member(*answer, "ErrorMessage").value_or("the core gave no reason")};
        }
        if (now >= deadline) {
            co_return error{errc::timed_out, "The deployment is still " + status +
                                                 "; see what the core says in its log"};
        }
        co_await rt::sleep_for(poll_interval);
    }
}

}  // namespace evergrass::cli
