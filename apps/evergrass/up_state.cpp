#include "apps/evergrass/up_state.hpp"

#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"

namespace evergrass::cli {
namespace {

constexpr std::int64_t format_version = 1;

json::object to_json(const provisioned_thing& thing) {
    return {{"name", thing.name},
            {"arn", thing.arn},
            {"certificateArn", thing.certificate_arn},
            {"certFile", thing.cert_file},
            {"keyFile", thing.key_file},
            {"attached", thing.attached}};
}

// Reads members one after the other and keeps the first fault.
class member_reader {
public:
    member_reader(const json::object& object, std::string where)
        : object_(object), where_(std::move(where)) {}

    void text(std::string_view name, std::string& into) {
        if (auto value = string_member(object_, name)) {
            into = *value;
        } else {
            missing(name, "text");
        }
    }
    void flag(std::string_view name, bool& into) {
        if (auto value = bool_member(object_, name)) {
            into = *value;
        } else {
            missing(name, "true or false");
        }
    }
    void thing(std::string_view name, provisioned_thing& into) {
        const auto* object = object_member(object_, name);
        if (object == nullptr) {
            missing(name, "an object");
            return;
        }
        member_reader inner(*object, std::string(name) + ".");
        inner.text("name", into.name);
        inner.text("arn", into.arn);
        inner.text("certificateArn", into.certificate_arn);
        inner.text("certFile", into.cert_file);
        inner.text("keyFile", into.key_file);
        inner.flag("attached", into.attached);
        if (fault_.empty()) {
            fault_ = inner.fault_;
        }
    }
    const std::string& fault() const { return fault_; }

private:
    void missing(std::string_view name, std::string_view kind) {
        if (fault_.empty()) {
            fault_ = where_ + std::string(name) + " must be " + std::string(kind);
        }
    }

    const json::object& object_;
    std::string where_;
    std::string fault_;
};

std::string how_to_start_anew(const std::filesystem::path& path) {
    return "To start anew, remove the directory " + path.parent_path().string() +
           "; to keep its data, put back a copy of this file";
}

}  // namespace

void up_state::forget_sample() {
    sample_digest.clear();
    function_arn.clear();
    group_version_id.clear();
    deployment_id.clear();
    deployed = false;
}

void up_state::forget_group() {
    forget_sample();
    group_id.clear();
    for (auto* thing : {&core, &sensor, &display, &observer}) {
        *thing = {};
    }
}

std::string to_json_text(const up_state& s) {
    return to_pretty_json(json::object{{"version", format_version},
                                       {"region", s.region},
                                       {"account", s.account},
                                       {"accessKeyId", s.access_key_id},
                                       {"secretAccessKey", s.secret_access_key},
                                       {"core", to_json(s.core)},
                                       {"sensor", to_json(s.sensor)},
                                       {"display", to_json(s.display)},
                                       {"observer", to_json(s.observer)},
                                       {"sampleDigest", s.sample_digest},
                                       {"functionArn", s.function_arn},
                                       {"groupId", s.group_id},
                                       {"groupVersionId", s.group_version_id},
                                       {"deploymentId", s.deployment_id},
                                       {"deployed", s.deployed}});
}

result<up_state> parse_up_state(std::string_view text) {
    auto value = parse_json(text);
    if (!value) {
        return value.error();
    }
    const auto* object = value->if_object();
    if (object == nullptr) {
        return error{errc::corrupt, "it must be a JSON object"};
    }
    const auto version = int_member(*object, "version");
    if (version != format_version) {
        return error{errc::unsupported,
                     "version must be 1; a newer Evergrass may have written this file"};
    }
    up_state s;
    member_reader reader(*object, "");
    reader.text("region", s.region);
    reader.text("account", s.account);
    reader.text("accessKeyId", s.access_key_id);
    reader.text("secretAccessKey", s.secret_access_key);
    reader.thing("core", s.core);
    reader.thing("sensor", s.sensor);
    reader.thing("display", s.display);
    reader.thing("observer", s.observer);
    reader.text("sampleDigest", s.sample_digest);
    reader.text("functionArn", s.function_arn);
    reader.text("groupId", s.group_id);
    reader.text("groupVersionId", s.group_version_id);
    reader.text("deploymentId", s.deployment_id);
    reader.flag("deployed", s.deployed);
    if (!reader.fault().empty()) {
        return error{errc::corrupt, reader.fault()};
    }
    return s;
}

result<up_state> load_up_state(const std::filesystem::path& path, const std::string& region,
                               const std::string& account) {
    std::error_code ignored;
    if (!std::filesystem::exists(path, ignored)) {
        up_state fresh;
        fresh.region = region;
        fresh.account = account;
        return fresh;
    }
    auto text = read_file(path);
    if (!text) {
        return text.error();
    }
    auto state = parse_up_state(*text);
    if (!state) {
        return error{{},
                     path.string() + " cannot be used: " + state.error().message() + ". " +
                         how_to_start_anew(path)};
    }
    if (state->region != region || state->account != account) {
        return error{{},
                     path.string() + " was made for region " + state->region + " and account " +
                         state->account + ", not for " + region + " and " + account +
                         ". Give the same --region and --account, or another --dir"};
    }
    return state;
}

result<void> save_up_state(const std::filesystem::path& path, const up_state& state) {
    return write_file_atomically(path, to_json_text(state), 0600);
}

}  // namespace evergrass::cli
