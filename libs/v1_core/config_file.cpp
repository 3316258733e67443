#include "libs/v1_core/config_file.hpp"

#include "libs/base/arn.hpp"
#include "libs/base/errors.hpp"
#include "libs/v1_core/tolerant_json.hpp"

#include <system_error>

namespace evergrass::v1 {
namespace {

namespace fs = std::filesystem;

const json::object* object_at(const json::object* in, std::string_view name) {
    if (in == nullptr) {
        return nullptr;
    }
    const auto found = find_member(*in, name);
    return found && *found != nullptr ? (*found)->if_object() : nullptr;
}

std::string text_at(const json::object* in, std::string_view name) {
    if (in == nullptr) {
        return {};
    }
    const auto found = find_member(*in, name);
    const auto* text = found && *found != nullptr ? (*found)->if_string() : nullptr;
    return text != nullptr ? std::string(*text) : std::string();
}

}  // namespace

result<old_config> read_old_config(std::string_view text, std::string_view file) {
    const auto document = parse_document(text);
    if (!document) {
        return with_context(document.error(), std::string(file));
    }
    old_config config;
    const auto where = [&](std::string_view at) {
        return std::string(file) + "#" + std::string(at);
    };
    const auto* core = object_at(&*document, "coreThing");
    const auto* crypto = object_at(&*document, "crypto");
    config.thing_arn = text_at(core, "thingArn");
    config.iot_host = text_at(core, "iotHost");
    config.gg_host = text_at(core, "ggHost");
    config.write_directory = text_at(&*document, "writeDirectory");
    config.pid_file_directory = text_at(&*document, "pidFileDirectory");
    const auto arn = parse_arn(config.thing_arn);
    const auto name = thing_name_of(config.thing_arn);
    if (!arn || !name) {
        config.found.fail(where("/coreThing/thingArn"),
                          "'" + config.thing_arn +
                              "' is no thing's ARN: this core was never "
                              "configured");
    } else {
        config.configured = true;
        config.thing_name = *name;
        config.partition = arn->partition;
        config.region = arn->region;
        config.account = arn->account;
        config.found.from("core.ThingArn", config.thing_arn, where("/coreThing/thingArn"));
    }
    if (crypto != nullptr) {
        const auto* principals = object_at(crypto, "principals");
        const auto* iot = object_at(principals, "IoTCertificate");
        config.by_crypto = true;
        config.certificate = text_at(iot, "certificatePath");
        config.private_key = text_at(iot, "privateKeyPath");
        config.ca = text_at(crypto, "caPath");
        if (!text_at(core, "certPath").empty()) {
            config.found.note(where("/coreThing"), "its paths are ignored: crypto wins");
        }
    } else {
        config.certificate = text_at(core, "certPath");
        config.private_key = text_at(core, "keyPath");
        config.ca = text_at(core, "caPath");
    }
    if (config.key_in_token()) {
        config.found.note(where("/crypto/principals/IoTCertificate/privateKeyPath"),
                          "the key is in a token: it stays there, and our core needs the token");
    }
    return config;
}

std::optional<fs::path> find_credential(const std::string& named, const fs::path& root,
                                        const fs::path& certs) {
    if (named.empty() || named.starts_with("pkcs11:")) {
        return std::nullopt;
    }
    fs::path path = named.starts_with("file://") ? named.substr(7) : named;
    std::error_code ignored;
    if (path.is_relative()) {
        path = certs / path;
        return fs::is_regular_file(path, ignored) ? std::optional(path) : std::nullopt;
    }
    if (fs::is_regular_file(path, ignored)) {
        return path;
    }
    // Of an image: /greengrass/certs/x may be ROOT/greengrass/certs/x or ROOT/certs/x.
    auto below = path.relative_path();
    while (!below.empty()) {
        if (const auto tried = root / below; fs::is_regular_file(tried, ignored)) {
            return tried;
        }
        auto rest = fs::path();
        for (auto part = std::next(below.begin()); part != below.end(); ++part) {
            rest /= *part;
        }
        below = rest;
    }
    return std::nullopt;
}

}  // namespace evergrass::v1
