#include "cloud/upstream/settings.hpp"

#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"
#include "libs/base/json.hpp"

#include <algorithm>
#include <array>
#include <initializer_list>

namespace evergrass::cloud::upstream {
namespace {

constexpr std::size_t most_bytes = 64 * 1024;
constexpr std::array<std::string_view, 6> known = {"lambda", "s3",  "secretsmanager",
                                                   "logs",   "iam", "sts"};

error wrong(std::string what) {
    return {errc::invalid_input, std::move(what)};
}

result<void> check_members(const json::object& object, const std::string& prefix,
                           std::initializer_list<std::string_view> allowed) {
    for (const auto& entry : object) {
        if (std::ranges::find(allowed, std::string_view(entry.key())) == allowed.end()) {
            std::string list;
            for (const auto each : allowed) {
                list.append(list.empty() ? "" : ", ").append(each);
            }
            return wrong("'" + prefix + std::string(entry.key()) +
                         "' is not a setting; there are " + list);
        }
    }
    return {};
}

// nullopt: it is not there.
result<std::optional<std::string>> text_of(const json::object& object, const std::string& prefix,
                                           std::string_view member) {
    const auto* found = object.if_contains(member);
    if (found == nullptr) {
        return std::optional<std::string>();
    }
    const auto* text = found->if_string();
    if (text == nullptr || text->empty()) {
        return wrong("'" + prefix + std::string(member) + "' must be a text that is not empty");
    }
    return std::optional(std::string(*text));
}

bool is_region(std::string_view text) {
    return std::ranges::all_of(
        text, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
}

result<std::string> region_of(const json::object& object, const std::string& prefix,
                              std::string_view otherwise) {
    auto named = text_of(object, prefix, "region");
    if (!named) {
        return named.error();
    }
    if (*named && !is_region(**named)) {
        return wrong("'" + prefix + "region' '" + **named +
                     "' is not the name of a region, such as eu-west-1");
    }
    return *named ? **named : std::string(otherwise);
}

// AWS's own, where none is named.
std::string usual_endpoint(std::string_view service, std::string_view region) {
    if (service == "iam") {
        return "https://iam.amazonaws.com";
    }
    return "https://" + std::string(service) + "." + std::string(region) + ".amazonaws.com";
}

result<upstream_service> read_service(const json::value& value, std::string_view name,
                                      std::string_view region, const std::string& ca_file) {
    const auto prefix = "services." + std::string(name) + ".";
    const auto* object = value.if_object();
    if (object == nullptr) {
        return wrong("'services." + std::string(name) +
                     "' must be an object, {} for AWS's own endpoint of the region");
    }
    if (auto good = check_members(*object, prefix, {"endpoint", "region", "caFile"}); !good) {
        return good.error();
    }
    upstream_service read;
    auto signed_for = region_of(*object, prefix, region);
    if (!signed_for) {
        return signed_for.error();
    }
    read.region = std::move(*signed_for);
    const auto url = text_of(*object, prefix, "endpoint");
    if (!url) {
        return url.error();
    }
    auto at = parse_endpoint("'" + prefix + "endpoint'",
                             *url ? **url : usual_endpoint(name, read.region));
    if (!at) {
        return at.error();
    }
    read.at = std::move(*at);
    const auto own_ca = text_of(*object, prefix, "caFile");
    if (!own_ca) {
        return own_ca.error();
    }
    read.ca_file = own_ca->value_or(ca_file);
    return read;
}

result<void> read_services(const json::object& top, std::string_view region,
                           const std::string& ca_file, settings& into) {
    const auto* services = object_member(top, "services");
    if (services == nullptr || services->empty()) {
        return wrong(
            "'services' must be an object with at least one of lambda, s3, secretsmanager, logs, "
            "iam and sts");
    }
    for (const auto& entry : *services) {
        const std::string_view name = entry.key();
        if (name == "iot" || name == "greengrass") {
            return wrong("'services." + std::string(name) +
                         "' cannot be elsewhere: certificates, MQTT and groups are what this "
                         "service is; take it out");
        }
        if (std::ranges::find(known, name) == known.end()) {
            return wrong("'services." + std::string(name) +
                         "' is not a service; there are lambda, s3, secretsmanager, logs, iam and "
                         "sts");
        }
        auto service = read_service(entry.value(), name, region, ca_file);
        if (!service) {
            return service.error();
        }
        into.services.emplace(name, std::move(*service));
    }
    return {};
}

}  // namespace

const upstream_service* settings::find(std::string_view service) const {
    const auto found = services.find(service);
    return found == services.end() ? nullptr : &found->second;
}

result<settings> parse_settings(std::string_view text, std::string_view region) {
    const auto value = parse_json(text);
    if (!value) {
        return value.error();
    }
    const auto* top = value->if_object();
    if (top == nullptr) {
        return wrong("it must be a JSON object");
    }
    if (auto good = check_members(*top, "", {"credentialsFile", "region", "caFile", "services"});
        !good) {
        return good.error();
    }
    settings read;
    const auto credentials = text_of(*top, "", "credentialsFile");
    if (!credentials) {
        return credentials.error();
    }
    read.credentials_file = credentials->value_or("");
    const auto usual_region = region_of(*top, "", region);
    if (!usual_region) {
        return usual_region.error();
    }
    const auto ca_file = text_of(*top, "", "caFile");
    if (!ca_file) {
        return ca_file.error();
    }
    if (auto services = read_services(*top, *usual_region, ca_file->value_or(""), read);
        !services) {
        return services.error();
    }
    return read;
}

result<settings> read_settings(const std::filesystem::path& file, std::string_view region) {
    const auto text = read_file(file, most_bytes);
    if (!text) {
        return with_context(text.error(), "the file of --upstream");
    }
    auto read = parse_settings(*text, region);
    if (!read) {
        return with_context(read.error(), file.string());
    }
    return read;
}

}  // namespace evergrass::cloud::upstream
