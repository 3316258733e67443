#include "edge/secrets/sealed_values.hpp"

#include "contract/fields.hpp"
#include "libs/base/encoding.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/seal.hpp"

#include <utility>

namespace evergrass::edge {
namespace {

json::object described(const secret_version& v) {
    json::array stages;
    for (const auto& stage : v.stages) {
        stages.emplace_back(stage);
    }
    return {{"versionId", v.id},
            {"stages", std::move(stages)},
            {"createdDate", v.created_at_ms},
            {"binary", v.is_binary}};
}

// What is checked with a value: it opens in no other place, and under no other name or label.
std::string purpose_of(std::string_view scope, const secret& s, const secret_version& v) {
    return json::serialize(json::array{scope, s.arn, s.name, described(v)});
}

struct sealed_version {
    secret_version head;
    std::string sealed;
};

result<sealed_version> read_version(const json::value& element) {
    const auto* object = element.if_object();
    if (object == nullptr) {
        return error{errc::corrupt, ""};
    }
    contract::field_reader in(*object, "");
    sealed_version read;
    read.head.id = in.required_text("versionId");
    read.head.created_at_ms = in.integer("createdDate", 0);
    read.head.is_binary = bool_member(*object, "binary").value_or(false);
    const auto* stages = in.array("stages");
    for (std::size_t i = 0; stages != nullptr && i < stages->size(); ++i) {
        const auto* stage = (*stages)[i].if_string();
        read.head.stages.emplace_back(stage == nullptr ? "" : std::string_view(*stage));
    }
    auto sealed = base64_decode(in.required_text("sealed"));
    if (!in.outcome() || !sealed) {
        return error{errc::corrupt, ""};
    }
    read.sealed = std::move(*sealed);
    return read;
}

}  // namespace

json::object seal_values(const secret& s, std::string_view scope, const secret_text& data_key) {
    json::array versions;
    for (const auto& v : s.versions) {
        auto version = described(v);
        version["sealed"] = base64_encode(seal(data_key, v.value, purpose_of(scope, s, v)));
        versions.push_back(std::move(version));
    }
    return {{"arn", s.arn}, {"name", s.name}, {"versions", std::move(versions)}};
}

result<secret> open_values(const json::value& sealed, std::string_view scope,
                           const secret_text* data_key) {
    const auto* object = sealed.if_object();
    const auto* versions = object == nullptr ? nullptr : array_member(*object, "versions");
    if (versions == nullptr || versions->empty()) {
        return error{errc::corrupt, ""};
    }
    secret read;
    read.arn = string_member(*object, "arn").value_or("");
    read.name = string_member(*object, "name").value_or("");
    for (const auto& each : *versions) {
        auto version = read_version(each);
        if (!version) {
            return version.error();
        }
        if (data_key != nullptr) {
            auto value = unseal(*data_key, version->sealed, purpose_of(scope, read, version->head));
            if (!value) {
                return error{errc::denied, ""};
            }
            version->head.value = secret_text::from(*value);
        }
        read.versions.push_back(std::move(version->head));
    }
    return read;
}

}  // namespace evergrass::edge
