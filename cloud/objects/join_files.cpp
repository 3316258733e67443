#include "cloud/objects/object_store.hpp"
#include "libs/base/digest.hpp"
#include "libs/base/encoding.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"

#include <openssl/evp.h>

#include <cerrno>
#include <fcntl.h>
#include <memory>
#include <unistd.h>

namespace evergrass::cloud::objects {
namespace {

namespace fs = std::filesystem;

struct free_digest {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

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

// Appends files to one and digests what passes.
class joining {
public:
    explicit joining(const fs::path& path)
        : path_(path),
          out_(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)),
          digest_(EVP_MD_CTX_new()) {
        EVP_DigestInit_ex(digest_.get(), EVP_sha256(), nullptr);
    }

    bool is_open() const { return out_.get() >= 0; }

    result<void> append(const fs::path& file) {
        const descriptor in(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
        if (in.get() < 0) {
            return errno_error("cannot read " + file.string());
        }
        for (;;) {
            const auto got = ::read(in.get(), buffer_.data(), buffer_.size());
            if (got < 0 && errno == EINTR) {
                continue;
            }
            if (got < 0) {
                return errno_error("cannot read " + file.string());
            }
            if (got == 0) {
                return {};
            }
            const auto bytes = std::string_view(buffer_).substr(0, static_cast<std::size_t>(got));
            EVP_DigestUpdate(digest_.get(), bytes.data(), bytes.size());
            if (auto written = write(bytes); !written) {
                return written;
            }
        }
    }

    // On the disk; the digest in hex.
    result<std::string> finish() {
        if (::fsync(out_.get()) != 0) {
            return errno_error("cannot save " + path_.string());
        }
        std::string raw(32, '\0');
        EVP_DigestFinal_ex(digest_.get(), reinterpret_cast<unsigned char*>(raw.data()), nullptr);
        return hex_encode(raw);
    }

private:
    result<void> write(std::string_view bytes) {
        while (!bytes.empty()) {
            const auto done = ::write(out_.get(), bytes.data(), bytes.size());
            if (done < 0 && errno != EINTR) {
                return errno_error("cannot write " + path_.string());
            }
            bytes.remove_prefix(done < 0 ? 0 : static_cast<std::size_t>(done));
        }
        return {};
    }

    fs::path path_;
    descriptor out_;
    std::unique_ptr<EVP_MD_CTX, free_digest> digest_;
    std::string buffer_ = std::string(256 * 1024, '\0');
};

}  // namespace

// One at a time: what an interrupted one left is overwritten.
result<std::string> object_store::join_files(const std::vector<std::string>& sha256s) {
    if (auto made = make_directories(directory_, 0700); !made) {
        return made.error();
    }
    const auto fresh = directory_ / "joining";
    joining whole(fresh);
    if (!whole.is_open()) {
        return errno_error("cannot make " + fresh.string());
    }
    for (const auto& sha256 : sha256s) {
        if (auto appended = whole.append(file_of(sha256)); !appended) {
            return appended.error();
        }
    }
    auto sha256 = whole.finish();
    if (!sha256) {
        return sha256;
    }
    if (auto named = name_file(fresh, *sha256); !named) {
        return named.error();
    }
    return sha256;
}

// The rename is what makes it a file of the store, and lasts.
result<void> object_store::name_file(const fs::path& fresh, const std::string& sha256) {
    if (auto claimed = claim(sha256); !claimed) {
        return claimed.error();
    }
    const auto path = file_of(sha256);
    if (auto made = make_directories(path.parent_path(), 0700); !made) {
        return made.error();
    }
    std::error_code failed;
    fs::rename(fresh, path, failed);
    if (failed) {
        return error{failed, "cannot rename " + fresh.string() + " to " + path.string()};
    }
    for (const auto& parent : {directory_.parent_path(), directory_, path.parent_path()}) {
        if (auto synced = sync_directory(parent); !synced) {
            return synced.error();
        }
    }
    return {};
}

result<fs::path> object_store::fresh_file() const {
    if (auto made = make_directories(directory_, 0700); !made) {
        return made.error();
    }
    auto fresh = directory_ / "fetching";
    std::error_code failed;
    fs::remove(fresh, failed);
    if (failed) {
        return error{failed, "cannot remove " + fresh.string()};
    }
    return fresh;
}

result<std::string> object_store::adopt_file(const fs::path& fresh) {
    auto sha256 = sha256_hex_of_file(fresh.string());
    if (!sha256) {
        return sha256;
    }
    if (auto named = name_file(fresh, *sha256); !named) {
        return named.error();
    }
    return sha256;
}

result<bool> object_store::keep_again(const std::string& sha256) {
    if (auto claimed = claim(sha256); !claimed) {
        return claimed.error();
    }
    std::error_code missing;
    return fs::exists(file_of(sha256), missing);
}

}  // namespace evergrass::cloud::objects
