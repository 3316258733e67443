#include "cloud/objects/file_bodies.hpp"

#include "libs/base/digest.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace evergrass::cloud::objects {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t read_bytes = 256 * 1024;  // at once: stays in the processor's cache

class descriptor {
public:
    explicit descriptor(int number) : number_(number) {}
    ~descriptor() {
        if (number_ >= 0) {
            ::close(number_);
        }
    }
    descriptor(const descriptor&) = delete;
    descriptor& operator=(const descriptor&) = delete;
    int get() const { return number_; }

private:
    int number_;
};

class open_file final : public open_body {
public:
    open_file(fs::path path, int number) : path_(std::move(path)), file_(number) {}

    result<void> measure() {
        struct stat info {};
        if (file_.get() < 0 || ::fstat(file_.get(), &info) != 0) {
            return errno == ENOENT ? error{errc::not_found, path_.string() + " is not there"}
                                   : errno_error("cannot read " + path_.string());
        }
        size_ = static_cast<std::uint64_t>(info.st_size);
        return {};
    }

    std::uint64_t size() const override { return size_; }

    result<std::string> read(std::uint64_t offset, std::size_t most) override {
        std::string bytes(std::min(most, read_bytes), '\0');
        for (;;) {
            const auto got =
                ::pread(file_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
            if (got > 0) {
                bytes.resize(static_cast<std::size_t>(got));
                return bytes;
            }
            if (got == 0) {
                return error{errc::corrupt, path_.string() + " is shorter than it was"};
            }
            if (errno != EINTR) {
                return errno_error("cannot read " + path_.string());
            }
        }
    }

private:
    fs::path path_;
    descriptor file_;
    std::uint64_t size_ = 0;
};

// The rename is what makes it a body, and lasts.
result<void> rename_to(const fs::path& directory, const fs::path& fresh, const fs::path& path) {
    if (auto made = make_directories(path.parent_path(), 0700); !made) {
        return made.error();
    }
    std::error_code failed;
    fs::rename(fresh, path, failed);
    if (failed) {
        return error{failed, "cannot rename " + fresh.string() + " to " + path.string()};
    }
    for (const auto& parent : {directory.parent_path(), directory, path.parent_path()}) {
        if (auto synced = sync_directory(parent); !synced) {
            return synced.error();
        }
    }
    return {};
}

// One at a time: what an interrupted one left is overwritten.
class new_file final : public new_body {
public:
    explicit new_file(const file_bodies& of)
        : of_(of),
          path_(of.folder() / "joining"),
          out_(::open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)) {}

    ~new_file() override {
        if (!kept_ && is_open()) {
            ::unlink(path_.c_str());
        }
    }

    bool is_open() const { return out_.get() >= 0; }
    const fs::path& path() const { return path_; }

    result<void> append(std::string_view bytes) override {
        while (!bytes.empty()) {
            const auto done = ::write(out_.get(), bytes.data(), bytes.size());
            if (done < 0 && errno != EINTR) {
                return errno_error("cannot write " + path_.string());
            }
            bytes.remove_prefix(done < 0 ? 0 : static_cast<std::size_t>(done));
        }
        return {};
    }

    result<void> keep(const std::string& sha256) override {
        if (::fsync(out_.get()) != 0) {
            return errno_error("cannot save " + path_.string());
        }
        auto renamed = rename_to(of_.folder(), path_, of_.path_of(sha256));
        kept_ = renamed.has_value();
        return renamed;
    }

private:
    const file_bodies& of_;
    fs::path path_;
    descriptor out_;
    bool kept_ = false;
};

}  // namespace

result<void> file_bodies::write(const std::string& sha256, std::string_view content) {
    const auto path = path_of(sha256);
    std::error_code missing;
    if (fs::file_size(path, missing) == content.size() && !missing) {
        const auto digest = sha256_hex_of_file(path.string());
        if (digest && *digest == sha256) {
            return {};
        }
    }
    if (auto made = make_directories(path.parent_path(), 0700); !made) {
        return made;
    }
    // Where the directories are new, their names must last too.
    for (const auto& parent : {directory_.parent_path(), directory_}) {
        if (auto synced = sync_directory(parent); !synced) {
            return synced;
        }
    }
    return write_file_atomically(path, content, 0600);
}

result<std::unique_ptr<new_body>> file_bodies::begin() {
    if (auto made = make_directories(directory_, 0700); !made) {
        return made.error();
    }
    auto made = std::make_unique<new_file>(*this);
    if (!made->is_open()) {
        return errno_error("cannot make " + made->path().string());
    }
    return std::unique_ptr<new_body>(std::move(made));
}

result<std::shared_ptr<open_body>> file_bodies::open(std::string_view sha256) {
    return open_path(path_of(sha256));
}

result<std::shared_ptr<open_body>> file_bodies::open_path(const fs::path& path) {
    auto opened = std::make_shared<open_file>(path, ::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (auto measured = opened->measure(); !measured) {
        return measured.error();
    }
    return std::shared_ptr<open_body>(std::move(opened));
}

result<std::uint64_t> file_bodies::serve(std::string_view sha256, http::response& into) {
    const auto path = path_of(sha256);
    std::error_code failed;
    const auto size = fs::file_size(path, failed);
    if (failed) {
        return failed == std::errc::no_such_file_or_directory
                   ? error{errc::not_found, path.string() + " is not there"}
                   : error{failed, "cannot read " + path.string()};
    }
    into.file_path = path.string();
    return static_cast<std::uint64_t>(size);
}

result<void> file_bodies::adopt(const fs::path& fresh, const std::string& sha256) {
    return rename_to(directory_, fresh, path_of(sha256));
}

result<void> file_bodies::remove(const std::string& sha256) {
    std::error_code failed;
    fs::remove(path_of(sha256), failed);
    return failed ? result<void>(error{failed, "cannot remove " + place_of(sha256)})
                  : result<void>();
}

result<void> file_bodies::forget() {
    std::error_code failed;
    fs::remove_all(directory_, failed);
    return failed ? result<void>(error{failed, "cannot empty " + directory_.string()})
                  : result<void>();
}

}  // namespace evergrass::cloud::objects
