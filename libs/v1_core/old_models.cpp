#include "libs/v1_core/old_models.hpp"

#include <algorithm>
#include <cctype>

namespace evergrass::v1 {
namespace {

namespace fs = std::filesystem;

// A name of fewer characters may stand in a text by chance.
constexpr std::size_t shortest_telling_name = 8;

// As a whole word: not within a longer name.
bool names(std::string_view text, std::string_view name) {
    const auto part_of_name = [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_';
    };
    for (auto at = text.find(name); at != std::string_view::npos; at = text.find(name, at + 1)) {
        const auto end = at + name.size();
        if ((at == 0 || !part_of_name(text[at - 1])) &&
            (end == text.size() || !part_of_name(text[end]))) {
            return true;
        }
    }
    return false;
}

}  // namespace

model_folders find_model_folders(const fs::path& deployment) {
    model_folders out;
    for (const auto* parent : {"mlmodel", "mlmodel_public"}) {
        std::error_code failed;
        for (fs::directory_iterator each(deployment / parent, failed), end; !failed && each != end;
             each.increment(failed)) {
            std::error_code none;
            if (fs::is_directory(fs::symlink_status(each->path(), none))) {
                out.emplace(each->path().filename().string(), each->path());
            }
        }
    }
    return out;
}

bool is_model(const group_resource& resource) {
    return resource.kind == "S3MachineLearningModelResourceData" ||
           resource.kind == "SageMakerMachineLearningModelResourceData";
}

std::optional<fs::path> folder_of_model(const group_resource& resource,
                                        const std::vector<group_resource>& all,
                                        const model_folders& folders, findings& found) {
    const auto take = [&](const fs::path& folder, const std::string& why) {
        found.guess("model of resource " + resource.id, folder.filename().string(),
                    folder.string() + " (" + why + ")");
        return folder;
    };
    if (const auto by_id = folders.find(resource.id); by_id != folders.end()) {
        return take(by_id->second, "it has the resource's Id");
    }
    const auto data = json::serialize(resource.data);
    for (const auto& [name, folder] : folders) {
        if (name.size() >= shortest_telling_name && names(data, name)) {
            return take(folder, "the resource's data names it");
        }
    }
    if (folders.size() == 1 && std::ranges::count_if(all, is_model) == 1) {
        return take(folders.begin()->second, "the only one");
    }
    return std::nullopt;
}

}  // namespace evergrass::v1
