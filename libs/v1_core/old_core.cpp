#include "libs/v1_core/old_core.hpp"

#include "libs/base/arn.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"
#include "libs/pki/pki.hpp"

#include <algorithm>
#include <chrono>
#include <set>

namespace evergrass::v1 {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t largest_config = 1024 * 1024;
constexpr std::size_t largest_group = 64 * 1024 * 1024;
constexpr std::size_t largest_certificate = 256 * 1024;

std::vector<fs::directory_entry> entries_of(const fs::path& folder) {
    std::vector<fs::directory_entry> out;
    std::error_code failed;
    for (fs::directory_iterator each(folder, failed), end; !failed && each != end;
         each.increment(failed)) {
        out.push_back(*each);
        if (out.size() > 100'000) {
            break;
        }
    }
    std::ranges::sort(out, {}, &fs::directory_entry::path);
    return out;
}

bool is_folder(const fs::path& path) {
    std::error_code failed;
    return fs::is_directory(path, failed);
}

bool is_file(const fs::path& path) {
    std::error_code failed;
    return fs::is_regular_file(path, failed);
}

class tree_reader {
public:
    explicit tree_reader(const tree_places& places) { core_.places = places; }

    result<old_core> read() {
        find_config();
        if (auto parsed = read_config(); !parsed) {
            return parsed.error();
        }
        find_folders();
        read_versions();
        read_groups();
        if (core_.config_path.empty() && core_.deployment.empty()) {
            return error{errc::not_found,
                         core_.places.root.string() +
                             " is no root of a Greengrass V1 core: it has neither "
                             "config/config.json nor ggc/deployment. Give --root, or --config, "
                             "--certs and --deployment where they are apart"};
        }
        read_certificate();
        read_code();
        read_state();
        read_logs();
        compare();
        if (core_.config) {
            core_.found.append(std::move(core_.config->found));
        }
        if (core_.group) {
            core_.found.append(std::move(core_.group->found));
        }
        return std::move(core_);
    }

private:
    const fs::path& root() const { return core_.places.root; }

    // A path of the tree's own, which may be an image's.
    fs::path in_tree(const std::string& named) const {
        fs::path path(named);
        if (is_folder(path)) {
            return path;
        }
        const auto below = root() / path.relative_path();
        return is_folder(below) ? below : path;
    }

    void find_config() {
        if (core_.places.config) {
            const auto& given = *core_.places.config;
            core_.config_path = is_folder(given) ? given / "config.json" : given;
        } else {
            for (const auto* folder : {"config", "configuration"}) {
                if (is_file(root() / folder / "config.json")) {
                    core_.config_path = root() / folder / "config.json";
                    break;
                }
            }
        }
        const bool first_release = core_.config_path.parent_path().filename() == "configuration";
        core_.certs = core_.places.certs.value_or(first_release ? root() / "configuration/certs"
                                                                : root() / "certs");
    }

    result<void> read_config() {
        if (core_.config_path.empty() || !is_file(core_.config_path)) {
            core_.found.warn(root().string(),
                             "has no config.json: the core's thing and certificate "
                             "are taken from group.json");
            core_.config_path.clear();
            return {};
        }
        const auto text = read_file(core_.config_path, largest_config);
        if (!text) {
            return text.error();
        }
        auto config = read_old_config(*text, core_.config_path.string());
        if (!config) {
            return config.error();
        }
        core_.config = std::move(*config);
        return {};
    }

    void find_folders() {
        core_.write_directory = root() / "ggc";
        if (core_.config && !core_.config->write_directory.empty()) {
            core_.write_directory = in_tree(core_.config->write_directory);
        }
        core_.state = core_.places.state.value_or(core_.write_directory / "var/state");
        if (!is_folder(core_.state)) {
            core_.state.clear();
        }
    }

    void read_versions() {
        for (const auto& folder : {root() / "ggc/packages", core_.write_directory / "packages"}) {
            for (const auto& each : entries_of(folder)) {
                auto name = each.path().filename().string();
                if (is_folder(each.path()) &&
                    std::ranges::find(core_.versions, name) == core_.versions.end()) {
                    core_.versions.push_back(std::move(name));
                }
            }
        }
    }

    // Every folder that may hold a deployment; the best first.
    std::vector<fs::path> deployment_folders() const {
        if (core_.places.deployment) {
            return {*core_.places.deployment};
        }
        std::vector<fs::path> all;
        for (const auto& folder :
             {core_.write_directory / "deployment", core_.write_directory / "deployments",
              root() / "ggc/deployment", root() / "ggc/deployments", root() / "deployment"}) {
            if (is_folder(folder) && std::ranges::find(all, folder) == all.end()) {
                all.push_back(folder);
            }
        }
        return all;
    }

    void read_groups() {
        const auto folders = deployment_folders();
        if (!folders.empty()) {
            core_.deployment = folders.front();
        }
        std::vector<fs::path> files;
        if (core_.places.group_file) {
            files.push_back(*core_.places.group_file);
        } else {
            for (const auto& folder : folders) {
                // Users were told to keep .orig, and a reset script leaves group.bak (§2).
                for (const auto* name : {"group.json", "group.json.orig", "group.bak"}) {
                    if (is_file(folder / "group" / name)) {
                        files.push_back(folder / "group" / name);
                    }
                }
            }
        }
        for (const auto& file : files) {
            read_group(file);
        }
        if (!core_.group && !files.empty()) {
            core_.found.warn(files.front().string(), "nothing is deployed by it");
        }
        for (const auto& each : core_.candidates) {
            if (each.deployed && each.path != core_.group_path) {
                core_.found.warn(each.path.string(),
                                 "holds a group too and is not read; pick it "
                                 "with --group-file if it is the right one");
            }
        }
    }

    void read_group(const fs::path& file) {
        group_candidate candidate{file, false, false, ""};
        const auto text = read_file(file, largest_group);
        auto group = text ? read_group_file(*text, file.string()) : result<old_group>(text.error());
        if (!group) {
            candidate.note = group.error().message();
            core_.found.fail(file.string(), "cannot be read: " + candidate.note);
        } else {
            candidate.readable = true;
            candidate.deployed = group->deployed;
            // Only group.json itself, or the file that was picked, is taken without asking.
            const bool may_be_taken = core_.places.group_file || file.filename() == "group.json";
            if (group->deployed && may_be_taken && !core_.group) {
                core_.group = std::move(*group);
                core_.group_path = file;
                core_.group_text = *text;
                if (!core_.places.group_file && !core_.places.deployment) {
                    core_.deployment = file.parent_path().parent_path();
                }
            }
        }
        core_.candidates.push_back(std::move(candidate));
    }

    void read_certificate() {
        if (!core_.config || !core_.config->configured) {
            return;
        }
        const auto path = find_credential(core_.config->certificate, root(), core_.certs);
        if (!path) {
            core_.found.fail(
                core_.config_path.string(),
                "the core's certificate '" + core_.config->certificate + "' is not in the tree");
            return;
        }
        const auto pem = read_file(*path, largest_certificate);
        const auto info =
            pem ? pki::read_certificate(*pem) : result<pki::certificate_info>(pem.error());
        if (!info) {
            core_.found.fail(path->string(), "is no certificate: " + info.error().message());
            return;
        }
        core_.certificate_pem = *pem;
        core_.certificate_id = info->id;
        core_.found.from("core.certificate", info->id, path->string());
        if (!core_.config->key_in_token() &&
            !find_credential(core_.config->private_key, root(), core_.certs)) {
            core_.found.fail(
                core_.config_path.string(),
                "the core's key '" + core_.config->private_key + "' is not in the tree");
        }
    }

    void read_code() {
        if (core_.deployment.empty()) {
            return;
        }
        std::map<std::string, fs::path> there;
        for (const auto& each : entries_of(core_.deployment / "lambda")) {
            const auto name = each.path().filename().string();
            const auto arn = is_folder(each.path()) ? arn_of_folder(name) : std::nullopt;
            if (arn) {
                there.emplace(*arn, each.path());
            } else {
                core_.leftovers.push_back(name);
            }
        }
        if (core_.group) {
            for (const auto& function : core_.group->functions) {
                const auto found = there.find(function.arn);
                if (found != there.end()) {
                    core_.code.emplace(function.arn, found->second);
                    core_.found.from("code of " + function.arn, "", found->second.string());
                    check_executable(function, found->second);
                    there.erase(found);
                } else if (!function.of_system) {
                    core_.found.fail(core_.deployment.string() + "/lambda",
                                     "the code of " + function.arn +
                                         " is missing: its definition is kept, and a deployment "
                                         "needs the code (--code NAME=DIR)");
                }
            }
        }
        for (const auto& [arn, path] : there) {
            core_.leftovers.push_back(path.filename().string());
        }
        core_.models = find_model_folders(core_.deployment);
    }

    void check_executable(const group_function& function, const fs::path& folder) {
        const bool is_program = function.runtime.find("executable") != std::string::npos;
        if (is_program && !is_file(folder / function.handler)) {
            core_.found.fail(folder.string(), "the program '" + function.handler +
                                                  "' that the handler names is not there");
        }
    }

    std::set<std::string> things() const {
        std::set<std::string> all;
        if (core_.config && core_.config->configured) {
            all.insert(core_.config->thing_name);
        }
        if (core_.group) {
            for (const auto* list : {&core_.group->cores, &core_.group->devices}) {
                for (const auto& one : *list) {
                    all.insert(one.thing_name);
                }
            }
        }
        return all;
    }

    // Below var/state, or where a variable of the stream manager's says (§8).
    void read_streams() {
        if (!core_.state.empty()) {
            core_.stream_store = core_.state / "stream_manager";
        }
        for (const auto& f : core_.group ? core_.group->functions : std::vector<group_function>()) {
            for (const auto& [name, value] : f.variables) {
                if (f.name == "GGStreamManager" && name == "STREAM_MANAGER_STORE_ROOT_DIR") {
                    core_.stream_store = in_tree(value);
                }
            }
        }
        if (!is_folder(core_.stream_store)) {
            core_.stream_store.clear();
            return;
        }
        for (const auto& each : entries_of(core_.stream_store)) {
            core_.streams.push_back(each.path().filename().string());
        }
    }

    void read_state() {
        read_streams();
        if (core_.state.empty()) {
            core_.found.note(core_.write_directory.string(),
                             "has no var/state: local shadows are not there");
            return;
        }
        core_.shadows = read_old_shadows(core_.state, things(), core_.found);
    }

    void read_logs() {
        const auto logs = core_.write_directory / "var/log";
        for (const auto& region : entries_of(logs / "user")) {
            for (const auto& owner : entries_of(region.path())) {
                const bool of_aws = owner.path().filename() == "aws";
                for (const auto& file : entries_of(owner.path())) {
                    if (file.path().extension() == ".log") {
                        (of_aws ? core_.logged_connectors : core_.logged_functions)
                            .push_back(file.path().stem().string());
                    }
                }
            }
        }
        if (core_.group && core_.group->connectors.empty()) {
            for (const auto& name : core_.logged_connectors) {
                core_.found.warn((logs / "user").string(),
                                 "connector '" + name +
                                     "' has logged here, and group.json names "
                                     "none: add it to the group again");
            }
        }
        const bool has_logs = is_file(logs / "system/runtime.log");
        core_.was_reset = !core_.group && core_.code.empty() && core_.leftovers.empty() && has_logs;
        if (core_.was_reset) {
            core_.found.warn(logs.string(),
                             "this core ran once and nothing is deployed any more: a reset removed "
                             "functions, logs and shadows. Its certificate can be kept; the group "
                             "must come from elsewhere");
        }
    }

    // group.json, config.json and the certificate belong together (§7).
    void compare() {
        if (!core_.group) {
            return;
        }
        auto& cores = core_.group->cores;
        if (cores.size() > 1) {
            const auto mine = std::ranges::find_if(cores, [&](const auto& one) {
                return core_.config && one.thing_arn == core_.config->thing_arn;
            });
            if (mine == cores.end()) {
                core_.found.fail(core_.group_path.string() + "#/Cores",
                                 "there are several cores, and config.json names none of them");
                core_.of_another_core = true;
                return;
            }
            cores = {*mine};
        }
        const auto& core = cores.front();
        if (core_.config && core_.config->configured && core_.config->thing_arn != core.thing_arn) {
            core_.of_another_core = true;
            core_.found.fail(core_.group_path.string() + "#/Cores/0/thingArn",
                             "is " + core.thing_arn + ", but config.json says " +
                                 core_.config->thing_arn +
                                 ": the file is of another core. Go on only with --force");
        }
        if (!core_.certificate_id.empty() && !core.certificate_id.empty() &&
            core_.certificate_id != core.certificate_id) {
            core_.of_another_core = true;
            core_.found.fail(core_.group_path.string() + "#/Cores/0/certArn",
                             "is not the certificate that is installed (" +
                                 core_.certificate_id.substr(0, 10) +
                                 "…): the file is of another core. Go on only with --force");
        }
    }

    old_core core_;
};

}  // namespace

std::optional<std::string> arn_of_folder(std::string_view name) {
    std::string text(name);
    if (text.starts_with("arn.")) {
        std::ranges::replace(text, '.', ':');
    }
    const auto arn = parse_function_arn(text);
    if (!arn || arn->qualifier.empty() || arn->account.empty()) {
        return std::nullopt;
    }
    return arn->to_string();
}

result<old_core> read_old_core(const tree_places& places) {
    return tree_reader(places).read();
}

}  // namespace evergrass::v1
