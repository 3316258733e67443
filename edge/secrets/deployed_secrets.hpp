#pragma once

#include "edge/secrets/secret_store.hpp"

#include <map>

namespace evergrass::edge {

// The secrets of a deployment, as its file of secrets has them once it is open: {"secrets": [as
// docs/formats/secrets.md]}. The error names the member, never a value.
result<std::vector<secret>> parse_deployed_secrets(std::string_view text);

// The core's store with the secrets of the running deployment before it. Those live in memory
// alone: on the disk they stay sealed. What is put and removed is of the store.
class deployed_secrets final : public secret_store {
public:
    explicit deployed_secrets(secret_store& local) : local_(local) {}

    // In place of those of the deployment before.
    void use(std::vector<secret> deployed);

    // In place of those of the same ARN; the others stay.
    void renew(std::vector<secret> fresh);
    // What is used now of those.
    std::vector<secret> deployed() const;

    const secret* find(std::string_view name_or_arn) const override;
    std::vector<const secret*> all() const override;
    result<void> put(secret s) override { return local_.put(std::move(s)); }
    result<void> remove(std::string_view arn) override { return local_.remove(arn); }

private:
    secret_store& local_;
    std::map<std::string, secret, std::less<>> by_arn_;
};

}  // namespace evergrass::edge
