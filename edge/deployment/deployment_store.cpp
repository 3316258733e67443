#include "edge/deployment/deployment_store.hpp"

#include "edge/deployment/archive.hpp"
#include "libs/base/digest.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"

#include <fstream>
#include <set>
#include <system_error>

namespace evergrass::edge {
namespace {

namespace fs = std::filesystem;

constexpr const char* current_file = "current.json";
constexpr const char* previous_file = "previous.json";
// While the newest deployment may still be rolled back.
constexpr const char* before_previous_file = "before-previous.json";
constexpr const char* progress_file = "progress.json";
constexpr const char* group_file_digest = "group.json.sha256";

json::object to_json(const status_report& report) {
    json::array details;
    for (const auto& detail : report.details) {
        details.push_back(json::object{{"part", detail.part}, {"reason", detail.reason}});
    }
    return {{"deploymentId", report.deployment_id},
            {"status", report.status},
            {"errorMessage", report.error_message},
            {"details", std::move(details)}};
}

status_report to_report(const json::object& in) {
    status_report report{string_member(in, "deploymentId").value_or(""),
                         string_member(in, "status").value_or(""),
                         string_member(in, "errorMessage").value_or(""),
                         {}};
    if (const auto* details = array_member(in, "details")) {
        for (const auto& detail : *details) {
            if (const auto* object = detail.if_object()) {
                report.details.push_back({string_member(*object, "part").value_or(""),
                                          string_member(*object, "reason").value_or("")});
            }
        }
    }
    return report;
}

void remove_all_of(const fs::path& path) {
    std::error_code ignored;
    fs::remove_all(path, ignored);
}

// By its first bytes: what an archive is does not depend on the name it once had.
bool is_zip(const fs::path& archive) {
    std::ifstream in(archive, std::ios::binary);
    char first[2] = {};
    in.read(first, sizeof first);
    return in && first[0] == 'P' && first[1] == 'K';
}

}  // namespace

deployment_store::deployment_store(fs::path ggc)
    : ggc_(std::move(ggc)), state_(ggc_ / "var/state/deployment") {}

result<std::optional<contract::signed_manifest>> deployment_store::load(const char* name) const {
    const auto path = state_ / name;
    std::error_code missing;
    if (!fs::exists(path, missing)) {
        return std::optional<contract::signed_manifest>();
    }
    const auto text = read_file(path);
    if (!text) {
        return text.error();
    }
    auto parsed = contract::parse_signed_manifest(*text);
    if (!parsed) {
        return error{errc::corrupt, path.string() + " is damaged (" + parsed.error().message() +
                                        "). Deploy the group again: the core takes the newest "
                                        "deployment from the service"};
    }
    return std::optional(std::move(*parsed));
}

result<std::optional<contract::signed_manifest>> deployment_store::current() const {
    return load(current_file);
}

result<std::optional<contract::signed_manifest>> deployment_store::previous() const {
    return load(previous_file);
}

// What previous.json has now: a deployment that fails must not cost the way back to it.
result<void> deployment_store::keep_way_back() {
    std::error_code missing;
    if (!fs::exists(state_ / previous_file, missing)) {
        remove_all_of(state_ / before_previous_file);
        return {};
    }
    const auto text = read_file(state_ / previous_file);
    if (!text) {
        return text.error();
    }
    return write_file_atomically(state_ / before_previous_file, *text, 0600);
}

result<void> deployment_store::switch_to(const contract::signed_manifest& next) {
    if (auto made = make_directories(state_, 0700); !made) {
        return made;
    }
    std::error_code missing;
    if (fs::exists(state_ / current_file, missing)) {
        const auto old = read_file(state_ / current_file);
        if (!old) {
            return old.error();
        }
        if (*old == contract::to_json_text(next)) {
            return {};
        }
        if (auto kept = keep_way_back(); !kept) {
            return kept;
        }
        if (auto kept = write_file_atomically(state_ / previous_file, *old, 0600); !kept) {
            return kept;
        }
    } else {
        remove_all_of(state_ / previous_file);
        remove_all_of(state_ / before_previous_file);
    }
    return write_file_atomically(state_ / current_file, contract::to_json_text(next), 0600);
}

result<void> deployment_store::switch_back() {
    std::error_code code;
    if (fs::exists(state_ / previous_file, code)) {
        fs::rename(state_ / previous_file, state_ / current_file, code);
    } else {
        fs::remove(state_ / current_file, code);
    }
    if (code) {
        return error{code, "cannot switch back to the previous deployment in " + state_.string()};
    }
    // Cut between the two, it costs the way back alone.
    if (fs::exists(state_ / before_previous_file, code)) {
        fs::rename(state_ / before_previous_file, state_ / previous_file, code);
    }
    return sync_directory(state_);
}

result<void> deployment_store::forget() {
    // current.json goes first: what follows is cleaning, which a later reset repeats.
    std::error_code code;
    fs::remove(state_ / current_file, code);
    if (code) {
        return error{code, "cannot remove " + (state_ / current_file).string()};
    }
    fs::remove(state_ / previous_file, code);
    fs::remove(state_ / before_previous_file, code);
    fs::remove(state_ / "denied.json", code);
    if (fs::exists(state_, code)) {
        if (auto synced = sync_directory(state_); !synced) {
            return synced;
        }
    }
    remove_all_of(ggc_ / "deployment/lambda");
    remove_all_of(ggc_ / "deployment/mlmodel");
    remove_all_of(ggc_ / "var/state/artifacts");
    remove_all_of(ggc_ / "var/log/user");
    remove_all_of(ggc_ / "var/state/server/server.crt");
    remove_all_of(ggc_ / "var/state/server/server.json");
    remove_all_of(ggc_ / "var/state/server/authority.json");
    remove_all_of(ggc_ / "var/state/server/authority.key");
    return {};
}

deployment_progress deployment_store::load_progress() const {
    deployment_progress progress;
    const auto text = read_file(state_ / progress_file);
    const auto document = text ? parse_json(*text) : result<json::value>(text.error());
    if (!document || !document->is_object()) {
        return progress;
    }
    const auto& object = document->get_object();
    progress.last_deployment_id = string_member(object, "lastDeploymentId").value_or("");
    if (const auto* report = object_member(object, "report")) {
        progress.report = to_report(*report);
    }
    return progress;
}

result<void> deployment_store::save_progress(const deployment_progress& progress) {
    if (auto made = make_directories(state_, 0700); !made) {
        return made;
    }
    json::object out{{"lastDeploymentId", progress.last_deployment_id}};
    if (progress.report) {
        out["report"] = to_json(*progress.report);
    }
    return write_file_atomically(state_ / progress_file, to_pretty_json(out), 0600);
}

fs::path deployment_store::artifact_path(std::string_view sha256) const {
    return ggc_ / "var/state/artifacts" / (std::string(sha256) + ".zip");
}

bool deployment_store::has_artifact(std::string_view sha256) const {
    const auto path = artifact_path(sha256);
    std::error_code missing;
    if (!fs::exists(path, missing)) {
        return false;
    }
    const auto digest = sha256_hex_of_file(path);
    if (digest && *digest == sha256) {
        return true;
    }
    remove_all_of(path);
    return false;
}

fs::path deployment_store::function_directory(const contract::function& f) const {
    return ggc_ / "deployment/lambda" / f.arn;
}

fs::path deployment_store::model_directory(const contract::delivered_file& model) const {
    return ggc_ / "deployment/mlmodel" / model.artifact;
}

// Named by their content, and made in one step: one that is there is whole.
result<void> deployment_store::place_models(const contract::manifest& m) {
    constexpr zip::archive_limits limits{1024ULL * 1024 * 1024, 100'000};
    for (const auto& file : m.files) {
        std::error_code missing;
        const auto directory = model_directory(file);
        if (file.what != contract::delivery::model || fs::exists(directory, missing)) {
            continue;
        }
        const auto archive = artifact_path(file.artifact);
        const auto unpacked = is_zip(archive) ? unpack_zip(archive, directory, limits)
                                              : unpack_tar_gz(archive, directory, limits);
        if (!unpacked) {
            return with_context(unpacked.error(), "resource " + file.resource_id);
        }
    }
    return {};
}

result<void> deployment_store::place_code(const contract::manifest& m) {
    if (auto placed = place_models(m); !placed) {
        return placed;
    }
    for (const auto& f : m.functions) {
        std::error_code missing;
        const auto directory = function_directory(f);
        if (f.artifact.empty()) {
            continue;
        }
        // The directory's name says the version, not the content: after a reset of the service the
        // same version may be another package, so what was unpacked is remembered beside it.
        const auto mark = ggc_ / "deployment/lambda" / ("." + f.arn + ".sha256");
        const auto unpacked = read_file(mark, 128);
        if (fs::exists(directory, missing) && unpacked && *unpacked == f.artifact) {
            continue;
        }
        // What is there stays until the new code is whole on the disk.
        const auto fresh = ggc_ / "deployment/lambda" / (".new-" + f.arn);
        remove_all_of(fresh);
        if (auto done = unpack_zip(artifact_path(f.artifact), fresh); !done) {
            return with_context(done.error(), f.arn);
        }
        remove_all_of(mark);
        remove_all_of(directory);
        std::error_code code;
        fs::rename(fresh, directory, code);
        if (code) {
            return error{code, "cannot put the code of " + f.arn + " at " + directory.string()};
        }
        if (auto marked = write_file_atomically(mark, f.artifact, 0600); !marked) {
            return marked;
        }
    }
    return {};
}

void deployment_store::remove_unused(const contract::manifest* current_manifest,
                                     const contract::manifest* previous_manifest) {
    std::set<std::string> code;
    std::set<std::string> packages;
    std::set<std::string> models;
    for (const auto* m : {current_manifest, previous_manifest}) {
        if (m == nullptr) {
            continue;
        }
        for (const auto& f : m->functions) {
            code.insert(f.arn);
            code.insert("." + f.arn + ".sha256");
            packages.insert(f.artifact + ".zip");
        }
        for (const auto& f : m->files) {
            packages.insert(f.artifact + ".zip");
            models.insert(f.artifact);
        }
    }
    const auto keep_only = [](const fs::path& directory, const std::set<std::string>& names) {
        std::error_code code_of_listing;
        std::vector<fs::path> unused;
        for (const auto& entry : fs::directory_iterator(directory, code_of_listing)) {
            if (!names.contains(entry.path().filename().string())) {
                unused.push_back(entry.path());
            }
        }
        for (const auto& path : unused) {
            remove_all_of(path);
        }
    };
    keep_only(ggc_ / "deployment/lambda", code);
    keep_only(ggc_ / "deployment/mlmodel", models);
    keep_only(ggc_ / "var/state/artifacts", packages);
}

result<deployment_store::group_file_outcome> deployment_store::write_group_file(
    const contract::manifest* m) {
    const auto directory = ggc_ / "deployment/group";
    const auto path = directory / "group.json";
    group_file_outcome outcome;
    const auto there = read_file(path);
    const auto written = read_file(state_ / group_file_digest, 128);
    outcome.edited = there && written && sha256_hex(*there) != *written;
    for (const auto& made : {make_directories(directory, 0755), make_directories(state_, 0700)}) {
        if (!made) {
            return made.error();
        }
    }
    // V1's way of saying "nothing deployed" (spec/on-disk.md §2).
    const auto text = m != nullptr ? contract::to_group_json(*m) : std::string("{}\n");
    for (const auto& saved :
         {write_file_atomically(path, text, 0600),
          write_file_atomically(state_ / group_file_digest, sha256_hex(text), 0600)}) {
        if (!saved) {
            return saved.error();
        }
    }
    return outcome;
}

}  // namespace evergrass::edge
