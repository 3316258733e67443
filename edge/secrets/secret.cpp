#include "edge/secrets/secret.hpp"

#include "contract/fields.hpp"
#include "libs/base/arn.hpp"
#include "libs/base/encoding.hpp"
#include "libs/base/errors.hpp"

#include <algorithm>
#include <set>

namespace evergrass::edge {
namespace {

using contract::field_reader;

constexpr std::int64_t format_version = 1;
// Of AWS Secrets Manager.
constexpr std::size_t max_name_characters = 512;
constexpr std::size_t max_value_bytes = 65536;

void read_stages(field_reader& in, secret_version& into) {
    const auto* stages = in.array("stages");
    for (std::size_t i = 0; stages != nullptr && i < stages->size(); ++i) {
        const auto* stage = (*stages)[i].if_string();
        if (stage == nullptr || stage->empty()) {
            in.fail("stages", "holds something that is not a label");
            return;
        }
        into.stages.emplace_back(*stage);
    }
}

void read_value(field_reader& in, const json::object& object, secret_version& into) {
    const bool has_text = object.contains("secretString");
    into.is_binary = object.contains("secretBinary");
    if (has_text == into.is_binary) {
        in.fail("secretString", "and 'secretBinary' must be there one without the other");
        return;
    }
    if (has_text) {
        if (const auto* text = object.at("secretString").if_string()) {
            into.value = std::string_view(*text);
        } else {
            in.fail("secretString", "is not a text");
        }
    } else if (const auto* text = object.at("secretBinary").if_string(); text == nullptr) {
        in.fail("secretBinary", "is not base64");
    } else if (auto raw = base64_decode(*text)) {
        into.value = secret_text::from(*raw);
    } else {
        in.fail("secretBinary", "is not base64");
    }
    if (into.value.size() > max_value_bytes) {
        in.fail(has_text ? "secretString" : "secretBinary", "is longer than 65536 bytes");
    }
}

result<secret_version> read_version(const json::value& element, const std::string& place) {
    const auto* object = element.if_object();
    if (object == nullptr) {
        return error{errc::invalid_input, "'" + place + "' is not an object"};
    }
    field_reader in(*object, place);
    secret_version read;
    read.id = in.required_text("versionId");
    read.created_at_ms = in.integer("createdDate", 0);
    read_stages(in, read);
    read_value(in, *object, read);
    if (!in.outcome()) {
        return in.outcome().error();
    }
    return read;
}

result<std::vector<secret_version>> read_versions(const json::array* elements) {
    if (elements == nullptr || elements->empty()) {
        return error{errc::invalid_input, "'versions' is missing or empty"};
    }
    std::vector<secret_version> versions;
    std::set<std::string> seen;
    for (std::size_t i = 0; i < elements->size(); ++i) {
        const auto place = "versions[" + std::to_string(i) + "]";
        auto version = read_version((*elements)[i], place);
        if (!version) {
            return version.error();
        }
        for (const auto& stage : version->stages) {
            if (!seen.insert(stage).second) {
                return error{errc::invalid_input,
                             "'" + place + ".stages' has '" + stage + "', which is taken already"};
            }
        }
        versions.push_back(std::move(*version));
    }
    return versions;
}

json::object to_json(const secret_version& v) {
    json::array stages;
    for (const auto& stage : v.stages) {
        stages.emplace_back(stage);
    }
    json::object out(
        {{"versionId", v.id}, {"stages", std::move(stages)}, {"createdDate", v.created_at_ms}},
        secret_storage());
    if (v.is_binary) {
        auto text = base64_encode(v.value);
        out["secretBinary"] = text;
        wipe(text);
    } else {
        out["secretString"] = v.value.view();
    }
    return out;
}

}  // namespace

result<secret> parse_secret(std::string_view text) {
    const auto document = parse_secret_json(text);
    return document ? read_secret(*document) : document.error();
}

result<secret> read_secret(const json::value& document) {
    const auto* object = document.if_object();
    if (object == nullptr) {
        return error{errc::invalid_input, "it is not a JSON object"};
    }
    field_reader in(*object, "");
    if (const auto version = in.integer("version", 0); version != format_version) {
        in.fail("version",
                "is " + std::to_string(version) + "; this core reads 1 and, of its own store, 2");
    }
    secret read;
    read.arn = in.required_text("arn");
    read.name = in.required_text("name");
    const auto arn = parse_arn(read.arn);
    if (!arn || arn->service != "secretsmanager" || !arn->resource.starts_with("secret:")) {
        in.fail("arn", "is not a secret's ARN (arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME)");
    }
    if (read.name.size() > max_name_characters) {
        in.fail("name", "is longer than 512 characters");
    }
    const auto* elements = in.array("versions");
    if (!in.outcome()) {
        return in.outcome().error();
    }
    auto versions = read_versions(elements);
    if (!versions) {
        return versions.error();
    }
    read.versions = std::move(*versions);
    return read;
}

json::object to_json(const secret& s) {
    json::object out(secret_storage());
    out["version"] = format_version;
    out["arn"] = s.arn;
    out["name"] = s.name;
    auto& versions = out["versions"].emplace_array();
    for (const auto& version : s.versions) {
        versions.push_back(to_json(version));
    }
    return out;
}

std::string to_json_text(const secret& s) {
    return to_pretty_json(to_json(s));
}

}  // namespace evergrass::edge
