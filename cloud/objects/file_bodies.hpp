#pragma once

#include "cloud/objects/body_store.hpp"

namespace evergrass::cloud::objects {

// Bodies as files of a folder, docs/formats/service-data.md: each beside its place until it is
// fsynced, then renamed there. Who has one open keeps its bytes though it is removed.
class file_bodies final : public body_store {
public:
    // `directory` is made with the first body.
    explicit file_bodies(std::filesystem::path directory) : directory_(std::move(directory)) {}

    result<void> write(const std::string& sha256, std::string_view content) override;
    result<std::unique_ptr<new_body>> begin() override;
    result<std::shared_ptr<open_body>> open(std::string_view sha256) override;
    result<std::uint64_t> serve(std::string_view sha256, http::response& into) override;
    result<void> adopt(const std::filesystem::path& fresh, const std::string& sha256) override;
    const std::filesystem::path& folder() const override { return directory_; }
    result<void> remove(const std::string& sha256) override;
    result<void> forget() override;
    // Nothing takes its time.
    void look_after(std::function<result<bool>(const std::string& sha256)>) override {}
    std::string place_of(std::string_view sha256) const override {
        return path_of(sha256).string();
    }

    // Any file.
    static result<std::shared_ptr<open_body>> open_path(const std::filesystem::path& path);

    std::filesystem::path path_of(std::string_view sha256) const {
        return directory_ / sha256.substr(0, 2) / sha256;
    }

private:
    std::filesystem::path directory_;
};

}  // namespace evergrass::cloud::objects
