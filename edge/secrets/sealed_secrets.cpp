#include "edge/secrets/sealed_secrets.hpp"

#include "contract/fields.hpp"
#include "libs/base/digest.hpp"
#include "libs/base/encoding.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"
#include "libs/base/random.hpp"
#include "libs/base/seal.hpp"

#include <algorithm>

namespace evergrass::edge {
namespace {

constexpr std::int64_t format_version = 1;
// Of a deployment: some hundred secrets of 64 KiB.
constexpr std::size_t most_bytes = 64 * 1024 * 1024;

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
std::string purpose_of(const std::string& deployment, const secret& s, const secret_version& v) {
    return json::serialize(json::array{deployment, s.arn, s.name, described(v)});
}

error changed() {
    return {errc::corrupt, "was changed, or is for another key"};
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

result<secret> read_sealed(const json::value& element, const std::string& deployment,
                           const secret_text& data_key) {
    const auto* object = element.if_object();
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
        auto value = unseal(data_key, version->sealed, purpose_of(deployment, read, version->head));
        if (!value) {
            return value.error();
        }
        version->head.value = secret_text::from(*value);
        read.versions.push_back(std::move(version->head));
    }
    return read;
}

}  // namespace

std::filesystem::path sealed_secrets::file_of(const std::string& deployment) const {
    return directory_ / (sha256_hex(deployment) + ".json");
}

result<void> sealed_secrets::save(const std::string& deployment, const std::vector<secret>& all,
                                  const data_key_wrapper& wrapper) const {
    auto random = random_bytes(seal_key_bytes);
    const auto data_key = secret_text::from(random);
    const auto wrapped = wrapper.wrap(data_key);
    if (!wrapped) {
        return wrapped.error();
    }
    json::array secrets;
    for (const auto& s : all) {
        json::array versions;
        for (const auto& v : s.versions) {
            auto version = described(v);
            version["sealed"] =
                base64_encode(seal(data_key, v.value, purpose_of(deployment, s, v)));
            versions.push_back(std::move(version));
        }
        secrets.push_back(
            json::object{{"arn", s.arn}, {"name", s.name}, {"versions", std::move(versions)}});
    }
    const auto text = to_pretty_json(json::object{{"version", format_version},
                                                  {"deploymentId", deployment},
                                                  {"wrapping", wrapper.method()},
                                                  {"dataKey", base64_encode(*wrapped)},
                                                  {"secrets", std::move(secrets)}});
    if (auto made = make_directories(directory_, 0700); !made) {
        return made;
    }
    return write_file_atomically(file_of(deployment), text, 0600);
}

result<std::vector<secret>> open_sealed_secrets(std::string_view text,
                                                const std::string& deployment,
                                                const data_key_wrapper& wrapper) {
    const auto document = parse_json(text);
    const auto* object = document ? document->if_object() : nullptr;
    const auto* secrets = object == nullptr ? nullptr : array_member(*object, "secrets");
    if (secrets == nullptr || int_member(*object, "version") != format_version ||
        string_member(*object, "wrapping") != wrapper.method()) {
        return changed();
    }
    const auto wrapped = base64_decode(string_member(*object, "dataKey").value_or(""));
    const auto data_key = wrapper.unwrap(wrapped ? *wrapped : std::string());
    if (!data_key) {
        return data_key.error();
    }
    std::vector<secret> all;
    for (const auto& each : *secrets) {
        auto read = read_sealed(each, deployment, *data_key);
        if (!read) {
            return changed();
        }
        all.push_back(std::move(*read));
    }
    return all;
}

result<std::vector<secret>> sealed_secrets::load(const std::string& deployment,
                                                 const data_key_wrapper& wrapper) const {
    const auto file = file_of(deployment);
    std::error_code unreadable;
    if (!std::filesystem::exists(file, unreadable)) {
        return error{errc::not_found, "no secrets are kept for deployment " + deployment};
    }
    const auto text = read_file(file, most_bytes);
    if (!text) {
        return text.error();
    }
    auto opened = open_sealed_secrets(*text, deployment, wrapper);
    if (!opened && opened.error().code == errc::corrupt) {
        return error{errc::corrupt, file.string() + " " + opened.error().context};
    }
    return opened;
}

void sealed_secrets::keep_only(const std::vector<std::string>& deployments) const {
    std::error_code ignored;
    std::vector<std::filesystem::path> others;
    for (std::filesystem::directory_iterator at(directory_, ignored), end; !ignored && at != end;
         at.increment(ignored)) {
        const auto is_kept = [&](const auto& id) { return file_of(id) == at->path(); };
        if (std::ranges::none_of(deployments, is_kept)) {
            others.push_back(at->path());
        }
    }
    for (const auto& other : others) {
        std::filesystem::remove(other, ignored);
    }
}

}  // namespace evergrass::edge
