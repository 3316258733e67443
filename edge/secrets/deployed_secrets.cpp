#include "edge/secrets/deployed_secrets.hpp"

#include "contract/fields.hpp"
#include "libs/base/errors.hpp"

#include <algorithm>

namespace evergrass::edge {

result<std::vector<secret>> parse_deployed_secrets(std::string_view text) {
    const auto document = parse_secret_json(text);
    if (!document) {
        return error{errc::invalid_input, "the deployment's secrets are not JSON"};
    }
    const auto* object = document->if_object();
    const auto* elements = object == nullptr ? nullptr : array_member(*object, "secrets");
    if (elements == nullptr) {
        return error{errc::invalid_input, "'secrets' is missing or not an array"};
    }
    std::vector<secret> all;
    for (std::size_t i = 0; i < elements->size(); ++i) {
        auto read = read_secret((*elements)[i]);
        if (!read) {
            return with_context(read.error(), "secrets[" + std::to_string(i) + "]");
        }
        all.push_back(std::move(*read));
    }
    return all;
}

void deployed_secrets::use(std::vector<secret> deployed) {
    by_arn_.clear();
    renew(std::move(deployed));
}

void deployed_secrets::renew(std::vector<secret> fresh) {
    for (auto& s : fresh) {
        auto arn = s.arn;
        by_arn_.insert_or_assign(std::move(arn), std::move(s));
    }
}

std::vector<secret> deployed_secrets::deployed() const {
    std::vector<secret> all;
    for (const auto& [arn, s] : by_arn_) {
        all.push_back(s);
    }
    return all;
}

const secret* deployed_secrets::find(std::string_view name_or_arn) const {
    if (const auto found = by_arn_.find(name_or_arn); found != by_arn_.end()) {
        return &found->second;
    }
    const auto named = std::ranges::find_if(
        by_arn_, [&](const auto& entry) { return entry.second.name == name_or_arn; });
    return named != by_arn_.end() ? &named->second : local_.find(name_or_arn);
}

std::vector<const secret*> deployed_secrets::all() const {
    std::vector<const secret*> secrets;
    for (const auto& [arn, s] : by_arn_) {
        secrets.push_back(&s);
    }
    for (const auto* s : local_.all()) {
        if (!by_arn_.contains(s->arn)) {
            secrets.push_back(s);
        }
    }
    std::ranges::sort(secrets, {}, &secret::arn);
    return secrets;
}

}  // namespace evergrass::edge
