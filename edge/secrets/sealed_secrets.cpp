#include "edge/secrets/sealed_secrets.hpp"

#include "edge/secrets/sealed_values.hpp"
#include "libs/base/digest.hpp"
#include "libs/base/encoding.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"

#include <algorithm>

namespace evergrass::edge {
namespace {

constexpr std::int64_t format_version = 1;
// Of a deployment: some hundred secrets of 64 KiB.
constexpr std::size_t most_bytes = 64 * 1024 * 1024;

error changed() {
    return {errc::corrupt, "was changed, or is for another key"};
}

}  // namespace

std::filesystem::path sealed_secrets::file_of(const std::string& deployment) const {
    return directory_ / (sha256_hex(deployment) + ".json");
}

result<void> sealed_secrets::save(const std::string& deployment, const std::vector<secret>& all,
                                  const data_key_wrapper& wrapper) const {
    const auto data_key = make_data_key(wrapper);
    if (!data_key) {
        return data_key.error();
    }
    json::array secrets;
    for (const auto& s : all) {
        secrets.push_back(seal_values(s, deployment, data_key->plain));
    }
    const auto text = to_pretty_json(json::object{{"version", format_version},
                                                  {"deploymentId", deployment},
                                                  {"wrapping", data_key->method},
                                                  {"dataKey", base64_encode(data_key->wrapped)},
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
        auto read = open_values(each, deployment, &*data_key);
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
