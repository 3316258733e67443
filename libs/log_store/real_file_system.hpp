#pragma once

#include "libs/log_store/file_system.hpp"

namespace evergrass::log_store {

// The kernel's. No state: one object may serve any number of logs and threads. Files get mode
// 0600, directories 0700. sync() is fdatasync, which includes the file's size.
class real_file_system final : public file_system {
public:
    result<std::unique_ptr<file>> open(const std::string& path, open_mode mode) override;
    result<void> rename(const std::string& from, const std::string& to) override;
    result<void> remove(const std::string& path) override;
    result<std::vector<std::string>> list(const std::string& directory) override;
    result<void> make_directory(const std::string& path) override;
    result<void> sync_directory(const std::string& path) override;
};

}  // namespace evergrass::log_store
