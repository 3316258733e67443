#include "apps/evergrass/secrets.hpp"

#include "apps/evergrass/admin_client.hpp"
#include "apps/evergrass/failure.hpp"
#include "apps/evergrass/group_secrets.hpp"
#include "apps/evergrass/secret_input.hpp"
#include "edge/config/config.hpp"
#include "edge/keys/core_keys.hpp"
#include "edge/secrets/data_key.hpp"
#include "edge/secrets/file_secret_store.hpp"
#include "libs/base/encoding.hpp"
#include "libs/base/json.hpp"
#include "libs/base/log.hpp"
#include "libs/base/random.hpp"
#include "libs/base/secret_text.hpp"
#include "libs/base/time.hpp"

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <memory>
#include <sys/stat.h>
#include <utility>
#include <vector>

namespace evergrass::cli {
namespace {

constexpr std::string_view previous_stage = "AWSPREVIOUS";

int failed(std::string_view verb, const error& why) {
    std::cerr << "evergrass secrets " << verb << ": " << failure_text(why) << "\n";
    return 2;
}

// Where the core keeps its state, beside its socket: <ggc>/var/run/admin.sock.
std::filesystem::path store_of(const secrets_options& options) {
    return socket_of_root(options.root).parent_path().parent_path() / "state/secrets";
}

void tell(const std::vector<error>& faults) {
    for (const auto& fault : faults) {
        std::cerr << "evergrass secrets: left out: " << failure_text(fault) << "\n";
    }
}

// Names and labels, for which no key is needed.
edge::file_secret_store open_names(const secrets_options& options) {
    edge::file_secret_store store(store_of(options));
    tell(store.load());
    return store;
}

// The core's key for secrets, as its config.json names it: what is put is sealed for it.
result<std::unique_ptr<edge::core_keys>> open_keys(const edge::core_config& config) {
    auto keys = std::make_unique<edge::core_keys>(config, logger::to_stderr(log_level::warn));
    if (config.token) {
        if (auto opened = keys->open(); !opened) {
            return opened.error();
        }
    }
    if (auto able = keys->receiving_opens(); !able) {
        return able.error();
    }
    return keys;
}

// Whoever gives a file has the value in it, too.
void tell_of_file(const std::filesystem::path& file) {
    struct stat status {};
    if (::stat(file.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) {
        return;  // a pipe, /dev/stdin
    }
    std::cerr << "evergrass secrets put: " << file.string() << " still has the value in the clear";
    if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        std::cerr << ", and others than its owner may read it";
    }
    std::cerr << "; remove it, or give the value by a pipe or at the terminal next time\n";
}

// What was current becomes the previous one, and what was that goes.
void add_version(edge::secret& into, edge::secret_version fresh) {
    std::erase_if(into.versions, [](const edge::secret_version& v) {
        return std::ranges::find(v.stages, previous_stage) != v.stages.end();
    });
    for (auto& version : into.versions) {
        const auto current = std::ranges::find(version.stages, edge::current_stage);
        if (current != version.stages.end()) {
            *current = previous_stage;
        }
    }
    into.versions.insert(into.versions.begin(), std::move(fresh));
}

// The secret's ARN.
result<std::string> put_version(const secrets_options& options, edge::secret_version fresh) {
    const auto config = edge::load_config(options.root);
    if (!config) {
        return with_context(config.error(),
                            "values are sealed for the core's key, which its "
                            "config.json names");
    }
    auto keys = open_keys(*config);
    if (!keys) {
        return with_context(keys.error(), "the value cannot be sealed for the core's key");
    }
    const edge::any_key_wrapper wrapper(
        [&] { return (*keys)->receiving(); },
        config->secrets_by_oaep ? pki::key_wrapping::oaep : pki::key_wrapping::pkcs1);
    edge::file_secret_store store(store_of(options), &wrapper);
    const auto held = store.hold();
    if (!held) {
        return held.error();
    }
    tell(store.load());
    edge::secret made;
    if (const auto* known = store.find(options.arn)) {
        made = *known;
    } else {
        made.arn = options.arn;
        made.name = options.name.empty() ? name_in_arn(options.arn) : options.name;
    }
    add_version(made, std::move(fresh));
    auto arn = made.arn;
    if (auto put = store.put(std::move(made)); !put) {
        return put.error();
    }
    return arn;
}

constexpr std::string_view when_it_counts =
    "A core that runs takes it up at its next deployment or start.\n";

}  // namespace

int run_secrets_put(const secrets_options& options) {
    protect_values("evergrass secrets");
    auto value = read_secret_value(options.file, options.binary);
    if (!value) {
        return failed("put", value.error());
    }
    edge::secret_version fresh;
    fresh.id = uuid_v4();
    fresh.stages = {std::string(edge::current_stage)};
    fresh.created_at_ms = to_epoch_milliseconds(clock().now());
    fresh.is_binary = options.binary;
    fresh.value = std::move(*value);
    if (!fresh.is_binary && !is_utf8(fresh.value)) {
        return failed("put", {{}, "the value is not UTF-8; give --binary"});
    }
    const auto id = fresh.id;
    const auto arn = put_version(options, std::move(fresh));
    if (!arn) {
        return failed("put", arn.error());
    }
    if (options.file) {
        tell_of_file(*options.file);
    }
    if (options.json) {
        std::cout << json::serialize(json::object{{"arn", *arn}, {"versionId", id}}) << "\n";
    } else {
        std::cout << *arn << " has the version " << id << ". " << when_it_counts;
    }
    return 0;
}

int run_secrets_list(const secrets_options& options) {
    protect_values("evergrass secrets");  // a file in the clear is read with its values
    const auto store = open_names(options);
    json::array all;
    for (const auto* s : store.all()) {
        json::array stages;
        for (const auto& version : s->versions) {
            for (const auto& stage : version.stages) {
                stages.emplace_back(stage);
            }
        }
        if (!options.json) {
            std::cout << s->name << "  " << s->arn << "  " << json::serialize(stages) << "\n";
        }
        all.push_back(json::object{{"name", s->name}, {"arn", s->arn}, {"stages", stages}});
    }
    if (options.json) {
        std::cout << json::serialize(all) << "\n";
    } else if (all.empty()) {
        std::cout << "The core's own store is empty: " << store_of(options).string() << "\n";
    }
    return 0;
}

int run_secrets_delete(const secrets_options& options) {
    protect_values("evergrass secrets");
    edge::file_secret_store store(store_of(options));
    std::error_code unreadable;
    const bool is_there = std::filesystem::exists(store_of(options), unreadable);
    const auto held = is_there ? store.hold() : result<edge::held_store>(edge::held_store(-1));
    if (!held) {
        return failed("delete", held.error());
    }
    tell(store.load());
    const auto* known = store.find(options.arn);
    if (known == nullptr) {
        std::cerr << "evergrass secrets delete: there is no secret '" << options.arn << "' in "
                  << store_of(options).string() << "\n";
        return 1;
    }
    const std::string arn = known->arn;
    if (const auto gone = store.remove(arn); !gone) {
        return failed("delete", gone.error());
    }
    if (!options.json) {
        std::cout << arn << " is deleted. " << when_it_counts;
    }
    return 0;
}

}  // namespace evergrass::cli
