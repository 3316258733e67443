#pragma once

#include "cloud/gateway/device_authority.hpp"
#include "cloud/iot/policy.hpp"
#include "cloud/iot/registry_changes.hpp"
#include "cloud/store/store.hpp"
#include "libs/base/log.hpp"
#include "libs/base/time.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <string>
#include <vector>

namespace evergrass::cloud {

// The registry's answers to every door, remembered per certificate until the registry changes. A
// fault of the store, or a stored policy that cannot be read, is a refusal and a log line. Any
// thread; an answer that is not remembered waits for the store.
class registry_authority final : public device_authority {
public:
    registry_authority(store& state, const service_identity& identity,
                       const registry_changes& changes, logger log);

    bool is_active(std::string_view certificate_id) const override;
    bool is_attached(std::string_view certificate_id, std::string_view thing) const override;
    bool allows(std::string_view certificate_id, std::string_view action,
                std::string_view resource_arn, std::string_view client_id) const override;

private:
    struct principal {
        std::uint64_t generation = 0;
        bool known = false;
        bool active = false;
        std::optional<wall_time> ends;  // of a temporary one
        policy_variables variables;
        std::map<std::string, policy_variables, std::less<>> things;  // with theirs
        std::vector<policy> policies;
        std::size_t own_policies = 0;  // the first ones; the others are of its things' groups
        std::vector<const policy*> policy_pointers;
    };
    using principal_pointer = std::shared_ptr<const principal>;

    bool is_active(const principal& who) const;
    principal_pointer look_up(std::string_view certificate_id) const;
    result<principal> load(const std::string& certificate_id) const;
    result<principal> load_claim(const std::string& certificate_id) const;
    result<void> load_things(const std::string& certificate_id, principal& into) const;

    store& state_;
    const service_identity& identity_;
    const registry_changes& changes_;
    logger log_;
    const clock time_;
    mutable std::shared_mutex mutex_;
    mutable std::map<std::string, principal_pointer, std::less<>> known_;
};

}  // namespace evergrass::cloud
