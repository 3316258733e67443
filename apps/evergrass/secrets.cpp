#include "apps/evergrass/secrets.hpp"

#include "apps/evergrass/admin_client.hpp"
#include "apps/evergrass/failure.hpp"
#include "apps/evergrass/group_secrets.hpp"
#include "apps/evergrass/secret_input.hpp"
#include "edge/secrets/file_secret_store.hpp"
#include "libs/base/encoding.hpp"
#include "libs/base/json.hpp"
#include "libs/base/random.hpp"
#include "libs/base/secret_text.hpp"
#include "libs/base/time.hpp"

#include <algorithm>
#include <iostream>
#include <sys/stat.h>
#include <utility>

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

edge::file_secret_store open_store(const secrets_options& options) {
    edge::file_secret_store store(store_of(options));
    for (const auto& fault : store.load()) {
        std::cerr << "evergrass secrets: left out: " << failure_text(fault) << "\n";
    }
    return store;
}

// Before the first value is read.
void protect_values() {
    constexpr std::size_t locked_bytes = 1024 * 1024;
    const bool no_dumps = forbid_core_dumps();
    const bool locked = reserve_secret_memory(locked_bytes);
    if (!no_dumps || !locked) {
        std::cerr << "evergrass secrets: this system does not let memory be locked or kept out of "
                     "core dumps; values are wiped after use all the same\n";
    }
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

constexpr std::string_view when_it_counts =
    "A core that runs takes it up at its next deployment or start.\n";

}  // namespace

int run_secrets_put(const secrets_options& options) {
    protect_values();
    auto value = read_secret_value(options.file, options.binary);
    if (!value) {
        return failed("put", value.error());
    }
    auto store = open_store(options);
    const auto* known = store.find(options.arn);
    edge::secret made;
    if (known != nullptr) {
        made = *known;
    } else {
        made.arn = options.arn;
        made.name = options.name.empty() ? name_in_arn(options.arn) : options.name;
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
    add_version(made, std::move(fresh));
    const auto arn = made.arn;
    if (const auto put = store.put(std::move(made)); !put) {
        return failed("put", put.error());
    }
    if (options.file) {
        tell_of_file(*options.file);
    }
    if (options.json) {
        std::cout << json::serialize(json::object{{"arn", arn}, {"versionId", id}}) << "\n";
    } else {
        std::cout << arn << " has the version " << id << ". " << when_it_counts;
    }
    return 0;
}

int run_secrets_list(const secrets_options& options) {
    protect_values();
    const auto store = open_store(options);
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
    protect_values();
    auto store = open_store(options);
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
