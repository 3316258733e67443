// The part of core that takes deployments from its own machine.
#include "apps/greengrassd/core.hpp"
#include "libs/base/file.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace evergrass::greengrassd {
namespace {

// Whose values are had by the same labels, whatever the versions are called and when they were
// made.
bool same_values(const edge::secret& a, const edge::secret& b) {
    return a.arn == b.arn && a.name == b.name && a.versions.size() == b.versions.size() &&
           std::ranges::equal(a.versions, b.versions, [](const auto& one, const auto& other) {
               return one.stages == other.stages && one.is_binary == other.is_binary &&
                      one.value == other.value.view();
           });
}

}  // namespace

bool core::serves_secrets_of(const contract::manifest& m) const {
    const auto file =
        std::ranges::find(m.files, contract::delivery::secrets, &contract::delivered_file::what);
    std::vector<edge::secret> brought;
    if (file != m.files.end()) {
        const auto sealed = read_file(store_.artifact_path(file->artifact));
        auto opened = sealed ? open_package(*sealed) : sealed.error();
        if (!opened) {
            return false;
        }
        brought = std::move(*opened);
    }
    std::ranges::sort(brought, {}, &edge::secret::arn);
    return std::ranges::equal(brought, known_secrets_.deployed(), same_values);
}

boost::asio::awaitable<result<edge::deploy_reply>> core::deploy(edge::deploy_order order) {
    edge::deployment_agent::step_teller tell;
    if (!order.token.empty()) {
        tell = [this, token = order.token,
                began = std::chrono::steady_clock::now()](std::string step) {
            if (deploying_.token != token) {  // only now: the one before it may be under way
                deploying_ = {token, {}};
            }
            const auto since = std::chrono::steady_clock::now() - began;
            deploying_.steps.push_back(
                {std::move(step),
                 std::chrono::duration_cast<std::chrono::microseconds>(since).count()});
        };
    }
    auto work = order.undo ? agent_.undo_deployment(std::move(tell))
                           : agent_.deploy_bundle(std::move(order.bundle), order.unsigned_too,
                                                  std::move(tell));
    auto ended = co_await std::move(work);
    if (!ended) {
        co_return ended.error();
    }
    edge::deploy_reply reply;
    reply.deployment_id = std::move(ended->deployment_id);
    reply.group_name = std::move(ended->group_name);
    reply.unchanged = ended->unchanged;
    reply.message = std::move(ended->message);
    for (auto& each : ended->details) {
        reply.details.push_back({std::move(each.part), std::move(each.reason)});
    }
    reply.group_cas = std::move(ended->group_cas);
    co_return reply;
}

}  // namespace evergrass::greengrassd
