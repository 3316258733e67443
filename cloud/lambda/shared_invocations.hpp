#pragma once

#include "cloud/lambda/core_invocations.hpp"
#include "cloud/store/store.hpp"
#include "libs/base/log.hpp"

#include <functional>
#include <optional>
#include <string>

namespace evergrass::cloud::lambda {

// Invocations of cores that poll at another service of the same store (docs/scale.md): a row of
// `core_invocations` for each, from the service that was asked to the one where the core fetches
// it, and back. What the store does not take is logged, and is an invocation that nobody fetches.
// Waits for the store. Any thread.
class shared_invocations final : public invocations_elsewhere {
public:
    enum class news {
        waits,    // `name`: a core's thing, for which there is one
        changed,  // `name`: an invocation's id; it was fetched, goes on, or is done
    };
    // What the other services are told; does not wait.
    using teller = std::function<void(news what, const std::string& name)>;

    shared_invocations(store& state, const clock& time, teller tell, logger log);

    void offer(const core_order& order) override;
    void fetched_here(const core_order& order) override;
    std::optional<core_order> take(const std::string& thing) override;
    void goes_on(const std::string& id) override;
    bool finish(const std::string& thing, const std::string& id,
                const core_outcome& outcome) override;
    state_of look(const std::string& id) override;
    bool withdraw(const std::string& id) override;
    void remove(const std::string& id) override;

private:
    bool write(const core_order& order, bool taken);

    store& state_;
    const clock& time_;
    const teller tell_;
    const logger log_;
};

}  // namespace evergrass::cloud::lambda
