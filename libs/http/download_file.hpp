#pragma once

#include "libs/base/result.hpp"

#include <cstdint>
#include <filesystem>
#include <string_view>

namespace evergrass::http {

// The file that a download goes to. What is there already is the beginning of it.
class download_file {
public:
    static result<download_file> open(const std::filesystem::path& path);
    download_file(download_file&& other) noexcept;
    download_file& operator=(download_file&&) = delete;
    ~download_file();

    std::uint64_t size() const { return size_; }
    result<void> restart();  // empties it
    result<void> append(std::string_view bytes);
    result<void> finish();  // fsync of the file and its directory

private:
    download_file(int fd, std::filesystem::path path, std::uint64_t size)
        : fd_(fd), path_(std::move(path)), size_(size) {}

    int fd_;
    std::filesystem::path path_;
    std::uint64_t size_;
};

}  // namespace evergrass::http
