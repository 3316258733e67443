#pragma once

#include "contract/manifest.hpp"
#include "edge/secrets/secret_store.hpp"

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace evergrass::edge {

// What functions get of the store: the `secretsmanager` client's other side
// (spec/lambda-ipc.md §3.3). A function reads the secrets whose resources its configuration names,
// by the labels that the resource lists, and AWSCURRENT. One executor.
class secret_service {
public:
    explicit secret_service(const secret_store& store) : store_(store) {}

    // From now on these functions may read what these resources, the API's objects, name.
    void grant(const std::vector<contract::function>& functions, const json::array& resources);

    // ARNs that the group's resources name and the store does not have.
    std::vector<std::string> missing() const;

    // The answer's body: the secret, or {"Status", "Message"} with 400 (the request is wrong), 401
    // (the function may not), 404 (there is none here). Answered from memory.
    std::string answer(std::string_view caller, std::string_view body) const;

private:
    using labels = std::set<std::string, std::less<>>;
    using granted = std::map<std::string, labels, std::less<>>;  // by the secret's ARN

    const secret_store& store_;
    std::map<std::string, granted, std::less<>> grants_;  // by the function's ARN
    labels in_group_;                                     // ARNs of secrets that anybody may read
};

}  // namespace evergrass::edge
