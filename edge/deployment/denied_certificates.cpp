#include "edge/deployment/denied_certificates.hpp"

#include "contract/fields.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"

#include <system_error>
#include <utility>

namespace evergrass::edge {
namespace {

// No version of a service: the next poll ends at once.
constexpr std::string_view unknown_version = "unknown";

// Of an array of texts.
std::set<std::string> texts_in(contract::field_reader& in, std::string_view name) {
    std::set<std::string> found;
    const auto* all = in.array(name);
    if (all == nullptr) {
        return found;
    }
    for (const auto& each : *all) {
        if (!each.is_string()) {
            in.fail(name, "has something else than texts");
            return found;
        }
        found.emplace(each.get_string());
    }
    return found;
}

std::set<std::string> required_texts_in(contract::field_reader& in, std::string_view name) {
    if (in.array(name) == nullptr) {
        in.fail(name, "is missing");
    }
    return texts_in(in, name);
}

json::array array_of(const std::set<std::string>& texts) {
    return json::array(texts.begin(), texts.end());
}

result<json::object> object_in(std::string_view text) {
    auto document = parse_json(text);
    if (!document || !document->is_object()) {
        return error{errc::invalid_input, "it is not a JSON object"};
    }
    return std::move(document->get_object());
}

}  // namespace

result<told_denied> parse_denied_certificates(std::string_view text) {
    const auto object = object_in(text);
    if (!object) {
        return object.error();
    }
    contract::field_reader in(*object, "");
    told_denied read;
    read.deployment_id = in.required_text("deniedOfDeployment");
    read.version = in.text("deniedVersion");
    read.certificates = required_texts_in(in, "deniedCertificates");
    read.things = texts_in(in, "deniedThings");
    read.nonce = in.required_text("nonce");
    if (!in.outcome()) {
        return in.outcome().error();
    }
    return read;
}

denied_certificates::denied_certificates(std::filesystem::path file, logger log)
    : file_(std::move(file)), log_(std::move(log)) {}

result<void> denied_certificates::read(std::string_view text) {
    const auto object = object_in(text);
    if (!object) {
        return object.error();
    }
    contract::field_reader in(*object, "");
    auto deployment = in.required_text("deploymentId");
    auto version = in.text("version");
    auto certificates = required_texts_in(in, "certificates");
    auto things = texts_in(in, "things");
    if (in.outcome()) {
        deployment_id_ = std::move(deployment);
        version_ = std::move(version);
        certificates_ = std::move(certificates);
        things_ = std::move(things);
    }
    return in.outcome();
}

void denied_certificates::load() {
    std::error_code code;
    if (!std::filesystem::exists(file_, code) && !code) {
        return;
    }
    const auto text = read_file(file_);
    const auto taken = text ? read(*text) : result<void>(text.error());
    damaged_ = !taken;
    if (damaged_) {
        log_.error("Whose certificates were revoked cannot be read: no device is admitted.",
                   {{"file", file_.string()},
                    {"reason", taken.error()},
                    {"next",
                     "connect the core to its service, which says it again; without one, remove "
                     "the file: all devices of the deployment are then admitted"}});
    }
}

std::string denied_certificates::version(std::string_view running) const {
    if (damaged_ && deployment_id_.empty()) {
        return std::string(unknown_version);  // the service was not asked since
    }
    return deployment_id_ == running ? version_ : std::string();
}

result<void> denied_certificates::take(told_denied told, const std::string& running) {
    if (told.deployment_id == running) {
        certificates_ = std::move(told.certificates);
        things_ = std::move(told.things);
        damaged_ = false;
    } else if (deployment_id_ == running) {
        certificates_.merge(told.certificates);
        things_.merge(told.things);
    } else {
        certificates_ = std::move(told.certificates);
        things_ = std::move(told.things);
    }
    deployment_id_ = running;
    version_ = std::move(told.version);
    if (damaged_) {
        return {};  // of this deployment nothing is known yet
    }
    if (auto made = make_directories(file_.parent_path(), 0700); !made) {
        return made;
    }
    return write_file_atomically(
        file_,
        to_pretty_json(json::object{{"deploymentId", deployment_id_},
                                    {"version", version_},
                                    {"certificates", array_of(certificates_)},
                                    {"things", array_of(things_)}}),
        0600);
}

std::vector<contract::group_member> denied_certificates::admitted(
    const contract::manifest& m) const {
    if (damaged_) {
        return {};
    }
    auto devices = m.devices;
    if (deployment_id_ == m.deployment_id) {
        std::erase_if(devices, [&](const auto& device) {
            return certificates_.contains(device.certificate_id()) ||
                   things_.contains(device.thing_name());
        });
    }
    return devices;
}

}  // namespace evergrass::edge
