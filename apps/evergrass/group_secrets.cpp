#include "apps/evergrass/group_secrets.hpp"

#include "apps/evergrass/secret_input.hpp"
#include "edge/secrets/deployed_secrets.hpp"
#include "libs/base/arn.hpp"
#include "libs/base/digest.hpp"
#include "libs/base/encoding.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/random.hpp"
#include "libs/pki/envelope.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace evergrass::cli {
namespace {

namespace fs = std::filesystem;

error fault(const file_secret& of, const std::string& what) {
    return {errc::invalid_input, "resource '" + of.id + "': secret.valueFrom: " + what};
}

struct descriptor {
    int number;
    explicit descriptor(int opened) : number(opened) {}
    ~descriptor() {
        if (number >= 0) {
            ::close(number);
        }
    }
    descriptor(const descriptor&) = delete;
    descriptor& operator=(const descriptor&) = delete;
};

// What is looked at is what is read: the descriptor, not the path.
result<secret_text> read_private_file(const file_secret& of, const fs::path& path) {
    const descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    struct stat is {};
    if (file.number < 0 || ::fstat(file.number, &is) != 0) {
        const bool absent = errno == ENOENT;
        auto why = fault(of, errno_error("cannot read " + path.string()).message());
        if (absent) {
            why.code = errc::not_found;
        }
        return why;
    }
    if (!S_ISREG(is.st_mode)) {
        return fault(of, path.string() + " is no file");
    }
    if ((is.st_mode & 077) != 0) {
        return fault(of, "others may read " + path.string() + ": chmod 600 " + path.string());
    }
    if (is.st_uid != ::geteuid() && is.st_uid != 0) {
        return fault(of, path.string() + " is another user's: it must be root's or yours");
    }
    auto value = read_secret_text(file.number, longest_secret, path.string());
    return value ? std::move(value) : fault(of, value.error().message());
}

result<secret_text> ask(const file_secret& of) {
    if (::isatty(STDIN_FILENO) != 1) {
        return fault(of,
                     "prompt needs a terminal, and there is none: run it in one, or say env:NAME "
                     "or file:PATH");
    }
    auto value = ask_unseen("Value of the secret " + of.name_or_arn() + ": ", typed::once);
    return value ? std::move(value) : fault(of, value.error().message());
}

result<secret_text> value_at(const file_secret& of, const fs::path& base) {
    switch (of.value->what) {
        case group_file::value_source::kind::environment: {
            const char* value = std::getenv(of.value->name.c_str());
            if (value == nullptr) {
                auto unset = fault(of, "the environment has no " + of.value->name +
                                           ": set it, and with "
                                           "sudo keep it (sudo --preserve-env=" +
                                           of.value->name + ")");
                unset.code = errc::not_found;
                return unset;
            }
            return secret_text(value);
        }
        case group_file::value_source::kind::file:
            return read_private_file(of, base / of.value->name);
        case group_file::value_source::kind::prompt:
            return ask(of);
    }
    return secret_text();
}

}  // namespace

std::string name_in_arn(const std::string& arn) {
    const auto parsed = parse_arn(arn);
    if (!parsed || !parsed->resource.starts_with("secret:")) {
        return {};
    }
    auto name = parsed->resource.substr(std::string_view("secret:").size());
    const auto dash = name.rfind('-');
    return dash != std::string::npos && name.size() - dash == 7 ? name.substr(0, dash) : name;
}

std::vector<file_secret> secrets_of(const json::object& group) {
    std::vector<file_secret> found;
    for (const auto* part : group_file::parts_of(group, "resources")) {
        const auto* secret = object_member(*part, "secret");
        if (secret == nullptr) {
            continue;
        }
        file_secret one;
        one.id = group_file::key_of("resources", *part);
        one.arn = string_member(*secret, "arn").value_or("");
        one.name = string_member(*secret, "name").value_or("");
        if (const auto source = string_member(*secret, "valueFrom")) {
            one.value = group_file::parse_value_source(*source).value();
        }
        one.binary = bool_member(*secret, "binary").value_or(false);
        if (const auto* labels = array_member(*secret, "labels")) {
            for (const auto& each : *labels) {
                one.labels.emplace_back(each.get_string());
            }
        }
        found.push_back(std::move(one));
    }
    return found;
}

result<secret_text> read_value(const file_secret& of, const fs::path& base) {
    auto value = value_at(of, base);
    if (!value) {
        return value.error();
    }
    if (value->empty()) {
        return fault(of, "the value is empty");
    }
    if (value->size() > longest_secret) {
        return fault(of, "the value is longer than 65536 bytes");
    }
    if (!of.binary && !is_utf8(*value)) {
        return fault(of, "the value is not UTF-8: say 'binary: true' beside it");
    }
    return value;
}

edge::secret as_secret(const file_secret& of, std::string arn, secret_text value, wall_time now) {
    edge::secret_version current;
    current.id = uuid_v4();
    current.stages = {std::string(edge::current_stage)};
    current.created_at_ms = to_epoch_milliseconds(now);
    current.is_binary = of.binary;
    current.value = std::move(value);
    edge::secret made;
    made.name = of.name.empty() ? name_in_arn(arn) : of.name;
    made.arn = std::move(arn);
    made.versions.push_back(std::move(current));
    return made;
}

std::string arn_of_name(const group_file::owner& whose, const std::string& name) {
    return "arn:" + whose.partition + ":secretsmanager:" + whose.region + ":" + whose.account +
           ":secret:" + name + "-" + sha256_hex(name).substr(0, 6);
}

result<std::string> seal_secrets(const std::vector<edge::secret>& all,
                                 const std::string& certificate_pem) {
    json::array secrets(secret_storage());
    for (const auto& each : all) {
        secrets.push_back(edge::to_json(each));
    }
    json::object whole(secret_storage());
    whole["secrets"] = std::move(secrets);
    const auto text = to_secret_json(std::move(whole));
    // The core reads it by the same rules: what it would refuse is found here.
    const auto read = edge::parse_deployed_secrets(text);
    auto sealed = read ? pki::seal_for(certificate_pem, text) : result<std::string>(read.error());
    return sealed ? std::move(sealed)
                  : with_context(sealed.error(), "the secrets cannot be sealed for the core");
}

}  // namespace evergrass::cli
